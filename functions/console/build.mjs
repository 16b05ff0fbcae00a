// Bundles src/ into static/, which the handler serves; the built files are part of the package.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

await build({
  entryPoints: ["src/main.tsx", "src/style.css"],
  outdir: "static",
  entryNames: "[name]",
  bundle: true,
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  target: ["es2022"],
  legalComments: "none",
});
await copyFile("src/index.html", "static/index.html");
const licences = await Promise.all(
  ["preact", "chart.js", "@kurkle/color"].map(async (name) => {
    const folder = `node_modules/${name}`;
    const { version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const text = await readFile(`${folder}/${name === "preact" ? "LICENSE" : "LICENSE.md"}`, "utf8");
    return `${name} ${version}\n\n${text.trim()}\n`;
  }),
);
await writeFile("static/LICENSES.txt", licences.join("\n----\n\n"));
// What this was built from: a test tells a stale build by it, without Node.
const sources = (await readdir("src", { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`);
const hash = createHash("sha256");
for (const path of ["build.mjs", "package-lock.json", ...sources].sort()) {
  hash.update(`${path}\0`).update(await readFile(path)).update("\0");
}
await writeFile("static/SOURCES.sha256", `${hash.digest("hex")}\n`);
for (const name of ["main.js", "style.css", "index.html"]) {
  console.log(name, gzipSync(await readFile(`static/${name}`)).length, "bytes gzipped");
}
