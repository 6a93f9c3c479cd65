// Reads `/docs` in a real browser as somebody would: `node reader.mjs BASE KEY`. Prints what it saw as JSON; a browser
// or a page that does not do its part ends it with an error.

import { chromium } from "playwright-core";

const [base, key] = process.argv.slice(2);
const seen = { elsewhere: [], complaints: [], pages: [] };

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  for (const wanted of [
    { locale: "en-GB", colorScheme: "light", viewport: { width: 1280, height: 900 } },
    { locale: "fr-FR", colorScheme: "dark", viewport: { width: 390, height: 844 } },
  ]) {
    seen.pages.push(await read(wanted));
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));

async function read(wanted) {
  const context = await browser.newContext({ ...wanted, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  // A busy machine is slow, and not wrong.
  page.setDefaultTimeout(120_000);
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`) && !request.url().startsWith("data:")) seen.elsewhere.push(request.url());
  });
  // What the policy forbids is an error of the console, too.
  page.on("console", (message) => {
    if (message.type() === "error") seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(error.message));

  await page.goto(`${base}/docs`);
  const operation = page.locator("[id^='operations-'][id$='-list_products']");
  await operation.waitFor();
  const told = {
    language: await page.getAttribute("html", "lang"),
    button: await page.textContent("#key-form button"),
    dark: await page.evaluate(() => document.documentElement.classList.contains("dark-mode")),
    operations: await page.locator(".opblock").count(),
    // Nothing runs out of the window.
    overflows: await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth),
  };

  // Without a key it is not done, with one it is, and the curl of it is copied.
  const press = (where, what) => where.locator(what).first().evaluate((button) => button.click());
  const answered = async () => {
    const row = operation.locator(".live-responses-table .response");
    await row.first().waitFor();
    return { status: (await row.locator(".response-col_status").first().textContent()).trim().slice(0, 3) };
  };
  await press(operation, ".opblock-summary-control");
  told.description = await operation.locator(".opblock-description").first().textContent();
  await press(operation, ".execute");
  told.without = await answered();
  await press(operation, ".btn-clear");

  await page.fill("#key", key);
  await press(page, "#key-form button");
  told.state = await page.textContent("#key-state");
  await press(operation, ".execute");
  told.with = await answered();
  told.with.body = await operation.locator(".live-responses-table .highlight-code pre").first().textContent();
  await press(operation, ".curl-command .copy-to-clipboard button");
  told.curl = await page.evaluate(() => navigator.clipboard.readText());

  // The key is nowhere but in the page, and gone with it.
  told.kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  await page.reload();
  await operation.waitFor();
  if ((await operation.locator(".execute").count()) === 0) await press(operation, ".opblock-summary-control");
  await press(operation, ".execute");
  told.again = await answered();
  await context.close();
  return told;
}
