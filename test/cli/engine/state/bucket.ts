// A small object store on loopback for tests, which keeps, ignores or refuses conditions on writes as stores in the wild do.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Conditions = "kept" | "ignored" | "refused";

export interface Bucket {
  readonly url: string;
  readonly objects: Map<string, Buffer>;
  /** "PUT /bucket/key 200" */
  readonly asked: string[];
  conditions: Conditions;
  /** Answers every write like one that the key may not do. */
  readOnly: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

const listing = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>`;
const failure = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;

/** One bucket of this name; keys by what follows it in the path. */
export async function openBucket(name: string): Promise<Bucket> {
  const objects = new Map<string, Buffer>();
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://store");
    const [, bucketName, ...rest] = decodeURIComponent(pathname).split("/");
    const key = rest.join("/");
    const answer = (status: number, body: Buffer | string = ""): void => {
      asked.push(`${request.method} ${pathname} ${status}`);
      response.writeHead(status, {
        "content-type": "application/xml",
        etag: '"e"',
        "last-modified": new Date().toUTCString(),
      });
      response.end(body);
    };
    if (bucketName !== name) return answer(404, failure("NoSuchBucket"));
    if (key === "") return answer(200, searchParams.size > 0 ? listing : "");
    const held = objects.get(key);
    switch (request.method) {
      case "HEAD":
      case "GET":
        if (held === undefined) return answer(404, request.method === "GET" ? failure("NoSuchKey") : "");
        response.setHeader("content-length", held.length);
        return answer(200, request.method === "GET" ? held : "");
      case "PUT":
        if (bucket.readOnly) return answer(403, failure("AccessDenied"));
        if (request.headers["if-none-match"] !== undefined) {
          if (bucket.conditions === "refused") return answer(501, failure("NotImplemented"));
          if (bucket.conditions === "kept" && held !== undefined) return answer(412, failure("PreconditionFailed"));
        }
        objects.set(key, Buffer.concat(chunks));
        return answer(200);
      case "DELETE":
        objects.delete(key);
        return answer(204);
      default:
        return answer(405);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bucket: Bucket = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    asked,
    conditions: "kept",
    readOnly: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return bucket;
}
