import { isAxiosError } from "axios";

/** @returns why a request had no answer, without what was sent; some errors have a code only. */
export const httpCause = (error: unknown): string =>
  isAxiosError(error) ? error.message || (error.code ?? "an error") : String(error);
