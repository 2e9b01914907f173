// The one sticky comment of a stack and stage on a pull request: found by its marker and its author, made or changed.
import { z } from "zod";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { askGitHub, type GitHubOptions } from "./github.ts";

export interface CommentPlace {
  /** "owner/name" */
  readonly repository: string;
  readonly pullRequest: number;
}

export interface CommentResult {
  /** none: there is nothing to say, and no comment that says otherwise. */
  readonly action: "created" | "updated" | "unchanged" | "none";
  readonly url?: string;
}

const author = z.object({ login: z.string(), type: z.string() });
const comment = z.object({
  id: z.int().positive(),
  body: z.string().nullish(),
  html_url: z.url(),
  user: author.nullish(),
});
type Comment = z.infer<typeof comment>;

/** Pages that are looked at: 5000 comments. */
const mostPages = 50;

/**
 * Makes the comment be `body`, which begins with `marker`. Only a comment of the token's own account is changed: another's would
 * still be theirs to change afterwards. Ours that stand twice, as two runs at once may leave them, are one afterwards.
 * @param quiet make none where there is none: nothing changes
 * @throws TunnelMeshError TM_COMMENT_…
 */
export async function placeComment(
  github: GitHubOptions,
  { repository, pullRequest }: CommentPlace,
  { marker, body, quiet }: { readonly marker: string; readonly body: string; readonly quiet: boolean },
): Promise<CommentResult> {
  const isOwn = await ownAuthor(github);
  const [first, ...others] = (await listComments(github, repository, pullRequest)).filter(
    (one) => isOwn(one) && (one.body ?? "").startsWith(marker),
  );
  for (const { id } of others) await askGitHub(github, "DELETE", `/repos/${repository}/issues/comments/${id}`);
  if (first === undefined) {
    if (quiet) return { action: "none" };
    const made = await askGitHub(github, "POST", `/repos/${repository}/issues/${pullRequest}/comments`, { body });
    return { action: "created", url: comment.parse(made.body).html_url };
  }
  // GitHub gives line ends back as browsers send them.
  if ((first.body ?? "").replaceAll("\r\n", "\n").trimEnd() === body.trimEnd()) {
    return { action: "unchanged", url: first.html_url };
  }
  const changed = await askGitHub(github, "PATCH", `/repos/${repository}/issues/comments/${first.id}`, { body });
  return { action: "updated", url: comment.parse(changed.body).html_url };
}

async function listComments(
  github: GitHubOptions,
  repository: string,
  pullRequest: number,
): Promise<readonly Comment[]> {
  const found: Comment[] = [];
  let address: string | undefined = `/repos/${repository}/issues/${pullRequest}/comments?per_page=100`;
  for (let page = 0; address !== undefined && page < mostPages; page++) {
    const answer = await askGitHub(github, "GET", address);
    found.push(...z.array(comment).max(100).parse(answer.body));
    address = answer.next;
  }
  return found;
}

/** A person's token can say whose it is; that of a workflow cannot, and comments as a bot. */
async function ownAuthor(github: GitHubOptions): Promise<(comment: Comment) => boolean> {
  try {
    const { login } = author.parse((await askGitHub(github, "GET", "/user")).body);
    return ({ user }) => user?.login === login;
  } catch (error) {
    if (!isTunnelMeshError(error) || error.code !== "TM_COMMENT_FORBIDDEN") throw error;
    return ({ user }) => user?.type === "Bot";
  }
}
