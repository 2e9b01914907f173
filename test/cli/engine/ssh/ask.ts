// Connects to a server as a command would, with the questions that this process may ask; started by terminal.lab.test.ts.
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import { openSession } from "../../../../cli/frame/session.ts";

const [target = "", port = "", home = "", ...flags] = process.argv.slice(2);
const session = await openSession("plan", { "no-input": flags.includes("--no-input"), yes: flags.includes("--yes") }, {
  json: flags.includes("--json"),
  verbose: false,
  plain: false,
} as never);
const { confirmHostKey, askSecret } = session.engineContext({} as never);
await connectHost(
  { target, port: Number(port) },
  {
    home,
    ...(confirmHostKey === undefined ? {} : { confirmHostKey }),
    ...(askSecret === undefined ? {} : { askSecret }),
  },
).then(
  (connection) => {
    connection.close();
    console.log("CONNECTED");
  },
  (error: { code: string }) => console.log(error.code),
);
