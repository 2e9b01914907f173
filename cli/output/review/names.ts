// Names of the forms in which a plan is shown; apart, as every start of tm reads them.

/** Values of --format. */
export const planFormats = ["text", "markdown", "json", "gitlab"] as const;
export type PlanFormat = (typeof planFormats)[number];
