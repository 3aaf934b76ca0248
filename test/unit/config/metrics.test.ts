import { expect } from "chai";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { parse } from "./parse";

const RATIO = "a number from 0 to 1";
const POSITIVE = "a number above 0";
const URL = "http://host[:port][/path] or https://host[:port][/path]";
const between = (least: string, most: string) =>
  `a whole number and a unit (ms, s, m, h or d), from ${least} to ${most}`;
const FIELDS =
  "url, username, caCertificate, queries, limits, window, interval, bake, stability, failureLimit, inconclusiveLimit, autoRollback";

/** [what is set, the one line of the error] */
const BAD: readonly (readonly [RawStackConfig, string])[] = [
  [{ metrics: { limits: { maxErrorRatio: 2 } } }, `metrics.limits.maxErrorRatio is 2; allowed: ${RATIO}`],
  [{ metrics: { limits: { maxP95Ms: 0 } } }, `metrics.limits.maxP95Ms is 0; allowed: ${POSITIVE}`],
  [{ metrics: { limits: { minHitRatio: "35 %" } } }, `metrics.limits.minHitRatio is "35 %"; allowed: ${RATIO}`],
  [
    { metrics: { limits: { minHitRatioOfBaseline: 90 } } },
    `metrics.limits.minHitRatioOfBaseline is 90; allowed: ${RATIO}`,
  ],
  [
    { metrics: { limits: { minRequestsPerSecond: 0 } } },
    `metrics.limits.minRequestsPerSecond is 0; allowed: ${POSITIVE}`,
  ],
  [
    { metrics: { limits: { maxErrors: 1 } } },
    "metrics.limits.maxErrors is an unknown field; allowed: maxErrorRatio, maxP95Ms, minHitRatio, " +
      "minHitRatioOfBaseline, minRequestsPerSecond",
  ],
  [{ metrics: { rollback: true } }, `metrics.rollback is an unknown field; allowed: ${FIELDS}`],
  [{ metrics: { autoRollback: "yes" } }, 'metrics.autoRollback is "yes"; allowed: true or false'],
  [{ metrics: { url: 9090 } }, "metrics.url is 9090; allowed: a URL"],
  [{ metrics: { url: "prometheus:9090" } }, `metrics.url is "prometheus:9090"; allowed: ${URL}`],
  [
    { monitoring: { pushgateway: { url: "pushgateway:9091" } } },
    `monitoring.pushgateway.url is "pushgateway:9091"; allowed: ${URL}`,
  ],
  [
    { monitoring: { pushgateway: { url: "http://me:geheim@p" } } },
    'monitoring.pushgateway.url is "http://***@p"; allowed: http://… or https://… without credentials',
  ],
  [
    { monitoring: { pushgateway: { port: 9091 } } },
    "monitoring.pushgateway.port is 9091; allowed: the name of a port of the Pushgateway's Service",
  ],
  [{ metrics: { url: "http://p?token=geheim" } }, `metrics.url is "http://p?***"; allowed: ${URL}`],
  [
    { grafana: { url: "https://admin:geheim@g" } },
    'grafana.url is "https://***@g"; allowed: http://… or https://…; put the credentials into grafanaToken',
  ],
  [
    { metrics: { url: "https://u:geheim@p" } },
    'metrics.url is "https://***@p"; allowed: http://… or https://…; put the credentials into metricsToken or metricsPassword',
  ],
  [{ metrics: { username: "a:b" } }, 'metrics.username is "a:b"; allowed: a user name without colons and spaces'],
  [
    { metrics: { caCertificate: "/etc/ca.pem" } },
    'metrics.caCertificate is "/etc/ca.pem"; allowed: certificates in PEM, and nothing else',
  ],
  [{ metrics: { queries: { p95Ms: " " } } }, 'metrics.queries.p95Ms is " "; allowed: a PromQL query'],
  [
    { metrics: { queries: { p95: "x" } } },
    "metrics.queries.p95 is an unknown field; allowed: requestsPerSecond, errorRatio, p95Ms, hitRatio",
  ],
  [{ metrics: { window: "9s" } }, `metrics.window is "9s"; allowed: ${between("10s", "1d")}`],
  [{ metrics: { interval: "500ms" } }, `metrics.interval is "500ms"; allowed: ${between("1s", "1h")}`],
  [{ metrics: { stability: "8d" } }, `metrics.stability is "8d"; allowed: ${between("1s", "7d")}`],
  [{ metrics: { bake: 300 } }, `metrics.bake is 300; allowed: ${between("1s", "1d")}`],
  [
    { metrics: { bake: "1m" } },
    "metrics.bake is 60000 ms; allowed: at least dedup-shards:metrics.window, whose rates reach back",
  ],
  [{ metrics: { interval: "6m" } }, "metrics.interval is 360000 ms; allowed: at most dedup-shards:metrics.bake"],
  [{ metrics: { failureLimit: -1 } }, "metrics.failureLimit is -1; allowed: a whole number from 0 to 1000"],
  [{ metrics: { inconclusiveLimit: 0.5 } }, "metrics.inconclusiveLimit is 0.5; allowed: a whole number from 0 to 1000"],
  [
    { metricsToken: "geheim", metricsPassword: "geheim" },
    "metricsToken is set; allowed: either this, or dedup-shards:metrics.username and metricsPassword",
  ],
  [
    { metricsToken: "geheim", metrics: { username: "u" } },
    "metricsToken is set; allowed: either this, or dedup-shards:metrics.username and metricsPassword",
  ],
  [
    { grafanaToken: "geheim\n" },
    "grafanaToken is a text with spaces, line breaks or other characters; allowed: a token of printable ASCII",
  ],
  [
    { metricsToken: "ge\nheim" },
    "metricsToken is a text with spaces, line breaks or other characters; allowed: a token of printable ASCII",
  ],
  [{ metricsPassword: "geheim" }, "metricsPassword is set; allowed: only with dedup-shards:metrics.username"],
  [
    { metrics: { username: "u" } },
    "metricsPassword is not set; allowed: the password of dedup-shards:metrics.username",
  ],
];

describe("parseStackConfig: metrics", () => {
  for (const [raw, line] of BAD) {
    it(line.slice(0, 100), () => {
      expect(() => parse({ shards: ["a"], ...raw }))
        .to.throw(ConfigError)
        .with.property("message", `The stack configuration is not valid. Nothing was changed.\n  dedup-shards:${line}`);
    });
  }

  it("merges the limits field by field", () => {
    const { limits } = parse({ shards: ["a"], metrics: { limits: { maxP95Ms: 350.5 } } }).metrics;
    expect(limits).to.deep.equal({ maxErrorRatio: 0.01, maxP95Ms: 350.5, minHitRatio: 0.35, minRequestsPerSecond: 1 });
  });

  it("takes empty secrets for none, and a token or a password as it stands", () => {
    const none = { metricsToken: "", metricsPassword: "" };
    expect(parse({ shards: ["a"], ...none }).metrics).not.to.have.property("username");
    expect(() => parse({ shards: ["a"], ...none, metricsToken: "a.b-c_d==" })).not.to.throw();
    const basic = { ...none, metricsPassword: "with spaces ü", metrics: { url: "https://p/prom/", username: "u" } };
    expect(parse({ shards: ["a"], ...basic }).metrics).to.include({ url: "https://p/prom/", username: "u" });
  });
});
