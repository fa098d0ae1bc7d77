/** `npm run faults` breaks everything for as long as the catalogue says; `npm test` for moments. FAULTS=full forces it. */
export const isFull =
  process.env["FAULTS"] === "full" || process.env["npm_lifecycle_event"] === "faults";
