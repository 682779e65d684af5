/** Decides whether a server that crashed is started again. */

const RESTARTS = 4;
const WINDOW_MS = 180_000;

/** The decision about one crash, and a message for the user or the log. */
export interface Decision {
  restart: boolean;
  message: string;
}

/** Counts crashes. A server is restarted a few times within some minutes, then no more. */
export class Restarts {
  private crashes: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** Note that the server crashed, and decide. */
  crashed(): Decision {
    const now = this.now();
    this.crashes = [...this.crashes.filter((moment) => now - moment < WINDOW_MS), now];
    const count = this.crashes.length;
    if (count <= RESTARTS) {
      return { restart: true, message: `the server ended; it is started again (${count} of ${RESTARTS} times)` };
    }
    const minutes = WINDOW_MS / 60_000;
    return {
      restart: false,
      message: `the server ended ${count} times within ${minutes} minutes, and is not started again.`,
    };
  }

  /** Forget the crashes: the user starts the server again. */
  forget(): void {
    this.crashes = [];
  }
}
