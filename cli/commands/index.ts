// The commands by name. Their classes are thin: what they do is loaded when they run.
import AddNode from "./add-node.ts";
import CiInit from "./ci/init.ts";
import CiSweep from "./ci/sweep.ts";
import ClientAdd from "./client/add.ts";
import ClientConfig from "./client/config.ts";
import ClientList from "./client/list.ts";
import ClientRemove from "./client/remove.ts";
import Completion from "./completion.ts";
import Deploy from "./deploy.ts";
import Destroy from "./destroy.ts";
import Doctor from "./doctor.ts";
import Drift from "./drift.ts";
import Exec from "./exec.ts";
import History from "./history.ts";
import Import from "./import.ts";
import Init from "./init.ts";
import Inventory from "./inventory.ts";
import Join from "./join.ts";
import Leave from "./leave.ts";
import LocalList from "./local/list.ts";
import LocalRemove from "./local/rm.ts";
import LocalUp from "./local/up.ts";
import Logs from "./logs.ts";
import Next from "./next.ts";
import Outputs from "./outputs.ts";
import Peers from "./peers.ts";
import Ping from "./ping.ts";
import PlanComment from "./plan/comment.ts";
import PlanRender from "./plan/render.ts";
import Plan from "./plan.ts";
import Refresh from "./refresh.ts";
import Rekey from "./rekey.ts";
import RemoveNode from "./remove-node.ts";
import Rollback from "./rollback.ts";
import SandboxDown from "./sandbox/down.ts";
import SandboxDrift from "./sandbox/drift.ts";
import SandboxFaultClear from "./sandbox/fault/clear.ts";
import SandboxFaultList from "./sandbox/fault/list.ts";
import SandboxFault from "./sandbox/fault.ts";
import SandboxReset from "./sandbox/reset.ts";
import SandboxStatus from "./sandbox/status.ts";
import SandboxUp from "./sandbox/up.ts";
import Sign from "./sign.ts";
import Ssh from "./ssh.ts";
import StatePull from "./state/pull.ts";
import StatePush from "./state/push.ts";
import Status from "./status.ts";
import Synth from "./synth.ts";
import TokenCreate from "./token/create.ts";
import TokenList from "./token/list.ts";
import TokenRevoke from "./token/revoke.ts";
import Unlock from "./unlock.ts";

export const commands = {
  "add-node": AddNode,
  "ci:init": CiInit,
  "ci:sweep": CiSweep,
  "client:add": ClientAdd,
  "client:config": ClientConfig,
  "client:list": ClientList,
  "client:remove": ClientRemove,
  completion: Completion,
  deploy: Deploy,
  destroy: Destroy,
  doctor: Doctor,
  drift: Drift,
  exec: Exec,
  history: History,
  import: Import,
  init: Init,
  inventory: Inventory,
  join: Join,
  leave: Leave,
  "local:list": LocalList,
  "local:rm": LocalRemove,
  "local:up": LocalUp,
  logs: Logs,
  next: Next,
  outputs: Outputs,
  peers: Peers,
  ping: Ping,
  plan: Plan,
  "plan:comment": PlanComment,
  "plan:render": PlanRender,
  refresh: Refresh,
  rekey: Rekey,
  "remove-node": RemoveNode,
  rollback: Rollback,
  sign: Sign,
  "sandbox:down": SandboxDown,
  "sandbox:drift": SandboxDrift,
  "sandbox:fault": SandboxFault,
  "sandbox:fault:clear": SandboxFaultClear,
  "sandbox:fault:list": SandboxFaultList,
  "sandbox:reset": SandboxReset,
  "sandbox:status": SandboxStatus,
  "sandbox:up": SandboxUp,
  ssh: Ssh,
  "state:pull": StatePull,
  "state:push": StatePush,
  status: Status,
  synth: Synth,
  "token:create": TokenCreate,
  "token:list": TokenList,
  "token:revoke": TokenRevoke,
  unlock: Unlock,
};
