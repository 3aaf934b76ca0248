/** The ways in which a claim or a read ends without an answer. */
import { WrongCardError } from "./card";

/** Nothing is known about the claim: the client should try again. */
export class RetryableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RetryableError";
  }
}

/** What a client is told of a shard that has lost its data, or whose address leads to another one. */
export const NO_CARD = "a shard did not show its card";

/** An owner cannot be reached, answers with an error, or is not the shard that it should be. */
export class OwnerFailedError extends RetryableError {
  constructor(cause: unknown) {
    super(cause instanceof WrongCardError ? NO_CARD : "a shard did not answer", { cause });
    this.name = "OwnerFailedError";
  }
}

/** A shard refused a later write of a claim, because its deadline has passed there. */
export class LateWriteError extends RetryableError {
  constructor(options?: ErrorOptions) {
    super("a later write of the claim came too late", options);
    this.name = "LateWriteError";
  }
}

/** @throws RetryableError where the command fails. */
export async function retryable<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (cause) {
    throw cause instanceof RetryableError ? cause : new OwnerFailedError(cause);
  }
}
