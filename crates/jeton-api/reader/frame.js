"use strict";
// The frame around the reader: the key, which is kept in this page's memory and nowhere else, and the theme.

const form = document.getElementById("key-form");
const field = document.getElementById("key");
const state = document.getElementById("key-state");
const theme = document.getElementById("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function darken(dark) {
  document.documentElement.classList.toggle("dark-mode", dark);
  document.documentElement.classList.toggle("light-mode", !dark);
  theme.setAttribute("aria-pressed", String(dark));
}

darken(prefersDark.matches);
prefersDark.addEventListener("change", (change) => darken(change.matches));
theme.addEventListener("click", () => darken(!document.documentElement.classList.contains("dark-mode")));

// Only what is said here is shown of the reader's own ways to take a key.
const withoutItsOwnKeys = () => ({ wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null } });

// What may be left out is left out until somebody fills it in: its example would be sent with every try, and a
// condition or a cursor that is only an example is refused.
function withoutExamplesOfOptions(document) {
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    for (const parameter of operation.parameters ?? []) {
      if (!parameter.required && parameter.example !== undefined) {
        parameter.description = [parameter.description, `Example: \`${parameter.example}\``].filter(Boolean).join(" ");
        delete parameter.example;
        delete parameter.schema?.default;
      }
    }
  }
  return document;
}

let reader;

async function read() {
  const answer = await fetch("/openapi.json");
  reader = SwaggerUIBundle({
    spec: withoutExamplesOfOptions(await answer.json()),
    dom_id: "#reader",
    layout: "BaseLayout",
    plugins: [withoutItsOwnKeys],
    deepLinking: true,
    docExpansion: "list",
    filter: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
    validatorUrl: null,
  });
}

form.addEventListener("submit", (submission) => {
  submission.preventDefault();
  const key = field.value.trim();
  if (key === "") {
    reader?.authActions.logout(["bearer"]);
    state.textContent = form.dataset.givenUp;
  } else if (!/^jtn_[0-9A-Za-z]+$/.test(key)) {
    state.textContent = form.dataset.noKey;
  } else {
    reader?.preauthorizeApiKey("bearer", key);
    state.textContent = form.dataset.taken;
  }
});

read();
