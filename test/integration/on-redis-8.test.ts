import { ON_OTHER_SERVERS, runAgainOn } from "./run-again";

runAgainOn("redis-8.0", ON_OTHER_SERVERS);
