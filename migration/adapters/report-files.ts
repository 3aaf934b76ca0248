import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes files into a folder, which is made if there is none.
 *
 * @param files - text by file name.
 */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}
