// An object store of Tidings, read and written by the client for JavaScript. Argument: the server.
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

const client = await connect({ servers: process.argv[2] });
const objects = await new Objm(client).open("files");
const tell = (what) => console.log(JSON.stringify(what));
const sha = (data) => createHash("sha256").update(data).digest("hex");
const bytes = (size) => Uint8Array.from({ length: size }, (_, at) => ((at * 31) >> 3) & 255);

const deeds = {
  async read({ name }) {
    const info = await objects.info(name);
    const data = await objects.getBlob(name);
    if (data === null) {
      return { found: false };
    }
    const { size, chunks, description, metadata } = info;
    const types = info.headers.values("content-type");
    return { found: true, sha: sha(data), size, chunks, description, metadata, types, link: info.isLink() };
  },
  async write({ name, size, meta }) {
    const info = await objects.putBlob({ name, ...meta }, bytes(size));
    return { nuid: info.nuid, chunks: info.chunks, sha: sha(bytes(size)) };
  },
  async link({ name, to }) {
    await objects.link(name, await objects.info(to));
    return {};
  },
  async delete({ name }) {
    await objects.delete(name);
    return {};
  },
  async list() {
    return { names: (await objects.list()).map((info) => info.name).sort() };
  },
};
tell({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { deed, ...rest } = JSON.parse(line);
  tell(await deeds[deed](rest));
}
await client.close();
