import { expect } from "chai";
import { openService, prometheusOptions } from "../../../migration/entrypoints/open-service";
import { SETTINGS } from "../engines/fake-service";

const URL = "https://p/prom";
const service = { ...SETTINGS, url: URL };

describe("opening the service's metrics", () => {
  it("is left out without a url", async () => {
    expect(await openService({}, { metricsToken: "t" })).to.equal(undefined);
    expect(await openService({ service }, {})).to.have.property("settings", service);
  });

  for (const [what, more, secrets, options] of [
    ["nothing", {}, { metricsToken: "", metricsPassword: "" }, {}],
    ["a token", {}, { metricsToken: "t" }, { credentials: { token: "t" } }],
    ["a password", { username: "u" }, { metricsPassword: "p" }, { credentials: { username: "u", password: "p" } }],
    ["an authority", { caCertificate: "PEM" }, {}, { caCertificate: "PEM" }],
  ] as const) {
    it(`hands over ${what}`, () => {
      expect(prometheusOptions({ ...service, ...more }, secrets)).to.deep.equal({ url: URL, ...options });
    });
  }
});
