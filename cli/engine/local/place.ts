// Where the local hosts of one caller live, and who hears about it.

/** State folder with its name prefix, folders of the machine that hosts must not see, and the log. */
export interface LocalPlace {
  readonly state: string;
  readonly prefix: string;
  readonly hiddenFolders: readonly string[];
  /** Files that change with the machine's packages. */
  readonly packageDatabases: readonly string[];
  readonly log: (text: string) => void;
}
