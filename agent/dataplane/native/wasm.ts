// Writes WebAssembly modules: instructions as byte lists, functions over them, one imported memory (WebAssembly core specification 2.0).

/** Instructions in binary form. */
export type Code = readonly number[];
export type ValueType = "i32" | "i64" | "v128";

export interface WasmFunction {
  /** Exported under this name. */
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result?: ValueType;
  readonly locals?: readonly ValueType[];
  readonly body: readonly Code[];
}

const valueTypes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const v128 = 0xfd;
const noType = 0x40;

const simple = (...opcode: number[]) => {
  return (...operands: Code[]): Code => [...operands.flat(), ...opcode];
};
const access = (align: number, ...opcode: number[]) => {
  return (offset: number, ...operands: Code[]): Code => [...operands.flat(), ...opcode, align, ...unsigned(offset)];
};

/** Operands come first, as the stack machine wants them. */
export const wasm = {
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)],
  call: (index: number, ...operands: Code[]): Code => [...operands.flat(), 0x10, ...unsigned(index)],
  i32: (value: number): Code => [0x41, ...signed(value)],
  i64: (value: number): Code => [0x42, ...signed(value)],
  add32: simple(0x6a),
  sub32: simple(0x6b),
  and32: simple(0x71),
  eqz32: simple(0x45),
  lessUnsigned: simple(0x49),
  atLeastUnsigned: simple(0x4f),
  add64: simple(0x7c),
  and64: simple(0x83),
  shiftRight64: simple(0x88),
  extend: simple(0xad),
  wrap: simple(0xa7),
  load32: access(0, 0x28),
  load64: access(0, 0x29),
  load8as64: access(0, 0x31),
  load16as64: access(0, 0x33),
  load32as64: access(0, 0x35),
  store32: access(0, 0x36),
  store64: access(0, 0x37),
  load128: access(0, v128, 0x00),
  store128: access(0, v128, 0x0b),
  zero128: [v128, 0x0c, ...new Array<number>(16).fill(0)] as Code,
  add32x4: simple(v128, 0xae, 0x01),
  addPairs16to32: simple(v128, 0x7f),
  lane32: (lane: number, value: Code): Code => [...value, v128, 0x1b, lane],
  xor128: simple(v128, 0x51),
  anyTrue: simple(v128, 0x53),
  /** Runs `body` as long as `condition` is not zero. */
  whileTrue: (condition: Code, ...body: Code[]): Code => [
    ...[0x02, noType, 0x03, noType],
    ...condition,
    ...[0x45, 0x0d, 1],
    ...body.flat(),
    ...[0x0c, 0, 0x0b, 0x0b],
  ],
  when: (condition: Code, ...body: Code[]): Code => [...condition, 0x04, noType, ...body.flat(), 0x0b],
} as const;

/** A module that imports its memory as `env.memory`. Functions call each other by their place in the list. */
export function encodeModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vector(parameters.map((type) => [valueTypes[type]])),
    ...vector(result === undefined ? [] : [[valueTypes[result]]]),
  ]);
  const exported = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ locals = [], body }) => {
    const code = [...vector(locals.map((type) => [1, valueTypes[type]])), ...body.flat(), 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([[...text("env"), ...text("memory"), 0x02, 0x00, 1]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(exported)),
    ...section(10, vector(bodies)),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(name: string): Code {
  return vector([...new TextEncoder().encode(name)].map((byte) => [byte]));
}

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = ((rest % 128) + 128) % 128;
    rest = Math.floor(rest / 128);
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}
