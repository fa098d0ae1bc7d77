/** Text that people type, as every contract takes it. */
import { z } from "zod";

/** Trimmed, no control characters, so that it stays one line wherever it is shown. */
export const line = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, "must not hold control characters");

/** Several lines; no control characters but the line's end. */
export const text = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|\r?\n|\t)*$/u, "must not hold control characters");

/** ISO 3166-1 alpha-2. */
export const Country = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z]{2}$/, "is a two-letter country code");
export const City = line(80);
