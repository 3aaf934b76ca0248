/** What a pod of the engine's Job is told: files of a Secret, and where they are mounted. */
export const WORK_DIR = "/etc/dedup-shards";
export const WORK_FILE = "work.json";
export const LOGIN_FILE = "login.json";
/** Further certificate authorities, as NODE_EXTRA_CA_CERTS has them. */
export const CA_FILE = "ca.pem";
/** The exit code of a pod that failed for what no other try can mend. */
export const NO_USE_EXIT_CODE = 42;
