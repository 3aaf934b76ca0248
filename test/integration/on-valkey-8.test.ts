import { ON_OTHER_SERVERS, runAgainOn } from "./run-again";

runAgainOn("valkey-8.1", ON_OTHER_SERVERS);
