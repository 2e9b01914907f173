// The commands by name. Their classes are thin: what they do is loaded when they run.
import Synth from "./synth.ts";

export const commands = {
  synth: Synth,
};
