// The two hosts of a throughput run, and the ways from one to the other.

export interface Link {
  readonly name: string;
  /** Where the sender reaches the receiver over this link. */
  readonly address: string;
}

export interface Ends {
  /** SSH addresses; the stream runs from `sender` to `receiver`. */
  readonly sender: string;
  readonly receiver: string;
  /** Mesh address of the receiver. */
  readonly receiverMesh: string;
  /** Interface of the mesh. */
  readonly interface: string;
}
