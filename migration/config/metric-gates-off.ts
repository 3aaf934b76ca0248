/** What is said wherever a gate on the service's metrics would be. */
export const METRIC_GATES_OFF = "off (metrics.url is not set)";
