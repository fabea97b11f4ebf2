// Reads requests as JSON from standard input, [{secret, headers, body}], and writes what the library says of each:
// [{verified, error, signature}], where signature is the one that the library makes for the same id, time and body.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const judge = ({ secret, headers, body }) => {
  const webhook = new Webhook(secret);
  const time = new Date(Number(headers["webhook-timestamp"]) * 1000);
  const signature = webhook.sign(headers["webhook-id"], time, body);
  try {
    webhook.verify(body, headers);
    return { verified: true, signature };
  } catch (error) {
    return { verified: false, error: error.message, signature };
  }
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(judge)));
