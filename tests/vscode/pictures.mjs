/** Makes pictures small, those named or all that are shown: a screen of text needs no more pixels and colours. */

import { statSync } from "node:fs";
import * as path from "node:path";
import sharp from "sharp";

const SHOWN = [
    ...["hover-light", "hover-dark", "slots-light", "graph-light"],
    ...["hints-light", "hints-dark", "shape-light", "shape-dark", "failing-light", "failing-dark"],
    ...["subclass-light", "subclass-dark", "report-light", "report-dark"],
];
const [from, into, ...names] = process.argv.slice(2);

for (const name of names.length > 0 ? names : SHOWN) {
    const file = path.join(into, `${name}.png`);
    await sharp(path.join(from, `${name}.png`))
        .resize({ width: 1280 })
        .png({ palette: true, colours: 40, effort: 10 })
        .toFile(file);
    console.log(`${file} ${Math.round(statSync(file).size / 1024)} KiB`);
}
