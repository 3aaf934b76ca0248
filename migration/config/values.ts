/**
 * The kinds of values that the configuration is made of. The message of every schema here is what is *allowed*:
 * the error names the key and the bad value itself.
 */
import { z } from "zod";
import { quantityOf } from "./quantity";

/** @returns a schema for whole numbers from `min` to `max`. */
export function integer(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
}

/** A share of something. */
export const ratio = z.number("a number from 0 to 1").min(0, "a number from 0 to 1").max(1, "a number from 0 to 1");

/** A number of something that must be there. */
export const positive = z.number("a number above 0").positive("a number above 0");

/** @returns a schema for one of a few words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) => z.enum(words, words.join(", "));

/** @returns a schema for strings that match; `allowed` says in words what the pattern means. */
export const text = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed);

/** Certificates one after the other. */
export const certificates = text(
  /^(?![^]*PRIVATE KEY)\s*-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\s*$/,
  "certificates in PEM, and nothing else",
);

/** A name of which Kubernetes makes a DNS label, such as a namespace. */
export const dnsLabel = text(
  /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  "a DNS label: lower-case letters, digits and dashes, at most 63 characters",
);

/** A DNS subdomain, as most names in Kubernetes are. */
export const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** The name of a Kubernetes object. */
export const objectName = text(
  OBJECT_NAME,
  "the name of a Kubernetes object: lower-case letters, digits, dashes and dots, at most 253 characters",
);

/** @returns a schema for a Kubernetes quantity; a bare number, which YAML does not quote, is taken as well. */
export function quantity(least: string, most: string, example: string) {
  const allowed = `a Kubernetes quantity from ${least} to ${most}, such as ${example}`;
  const [min = 0, max = 0] = [quantityOf(least), quantityOf(most)];
  const isWithin = (value: number | undefined) => value !== undefined && value >= min && value <= max;
  const check = z.string(allowed).refine((value) => isWithin(quantityOf(value)), allowed);
  return z.preprocess((value) => (typeof value === "number" ? String(value) : value), check);
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const labelValue = text(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/, "the value of a Kubernetes label");
const LABEL_NAME = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/** Labels of Kubernetes objects. */
export const labels = z.record(z.string(), labelValue, "an object: label → value").superRefine((given, context) => {
  for (const name of Object.keys(given).filter((name) => !LABEL_NAME.test(name))) {
    context.addIssue({ code: "custom", path: [name], message: "a label whose name is one of Kubernetes" });
  }
});

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_DAYS = 365;

const DURATION = `a whole number and a unit (ms, s, m, h or d), such as 14d, 30m or 0s, at most ${MAX_DAYS}d`;

const msOf = (duration: string): number => parseInt(duration, 10) * (UNIT_MS[duration.replace(/^\d+/, "")] ?? NaN);
const duration = (allowed: string) => text(/^\d{1,12}(ms|s|m|h|d)$/, allowed).transform(msOf);

/** A duration such as `14d`, `30m` or `0s`; its value is milliseconds. */
export const durationMs = duration(DURATION).refine((ms) => ms <= MAX_DAYS * 86_400_000, DURATION);

/** @returns a schema for durations, both ends included; its value is milliseconds. */
export function durationBetween(least: string, most: string) {
  const allowed = `a whole number and a unit (ms, s, m, h or d), from ${least} to ${most}`;
  return duration(allowed).refine((ms) => ms >= msOf(least) && ms <= msOf(most), allowed);
}

/** @returns a schema for an object of known fields. Each field has its own default, whatever else is set. */
export function section<T extends z.ZodRawShape>(fields: T) {
  const names = Object.keys(fields).join(", ");
  return z.strictObject(fields, {
    error: (issue) => (issue.code === "unrecognized_keys" ? names : `an object with any of the fields ${names}`),
  });
}
