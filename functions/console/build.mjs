// Bundles src/ into static/, which the handler serves; the built files are part of the package.
import { build } from "esbuild";
import { copyFile, readFile, writeFile } from "node:fs/promises";
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
for (const name of ["main.js", "style.css", "index.html"]) {
  console.log(name, gzipSync(await readFile(`static/${name}`)).length, "bytes gzipped");
}
