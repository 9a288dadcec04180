// Two questions about an array parameter: a list pasted whole, and every value scaled. The answer goes into its text.
import { isNumber, say, split, sumOf, summary, tidy } from "./lists.js";

let field = null;

const textOf = () => field.querySelector("textarea");
const rules = () => JSON.parse(field.dataset.rules);

function held(x) {
  const { minimum, maximum, isWhole } = rules();
  const value = isWhole ? Math.round(x) : tidy(x);
  return Math.min(Math.max(value, minimum ?? -Infinity), maximum ?? Infinity);
}

const questions = {
  "paste-list": {
    begin(dialog) {
      dialog.querySelector("textarea").value = "";
    },
    answer: (dialog) => split(dialog.querySelector("textarea").value),
    faultOf(values) {
      const { length } = rules();
      const odd = values.find((value) => !isNumber(value));
      const faults = [];
      if (!values.length || (length !== null && values.length !== length)) {
        faults.push(`${values.length} values given, ${length ?? "at least 1"} needed`);
      }
      if (odd !== undefined) faults.push(`“${odd.slice(0, 20)}” is not a number`);
      return faults.join("; ");
    },
    told: summary,
  },
  "scale-list": {
    begin(dialog) {
      dialog.querySelector("#scale-by").value = "1";
      dialog.querySelector("#scale-add").value = "0";
    },
    answer(dialog) {
      const [by, add] = ["#scale-by", "#scale-add"].map((place) => dialog.querySelector(place).value);
      return split(textOf().value).map((value) => (isNumber(by) && isNumber(add) ? Number(value) * by + Number(add) : NaN));
    },
    faultOf(values) {
      return values.every(Number.isFinite) ? "" : "Both must be numbers, and so must the values";
    },
    told(values) {
      if (!values.every(Number.isFinite)) return "";
      const outside = values.filter((value) => Math.abs(held(value) - value) > 0.5).length;
      const kept = outside ? `; ${outside} of them held at a bound` : "";
      return `Sum ${say(sumOf(split(textOf().value)))} becomes ${say(sumOf(values.map(held)))}${kept}.`;
    },
    finish: (values) => values.map(held),
  },
};

function tell(dialog, fault) {
  const place = dialog.querySelector("[data-fault]");
  place.hidden = !fault;
  place.querySelector("span").textContent = fault ? `${fault}.` : "";
  for (const input of dialog.querySelectorAll(".input")) input.setAttribute("aria-invalid", Boolean(fault));
}

for (const [id, question] of Object.entries(questions)) {
  const dialog = document.getElementById(id);
  const told = () => {
    dialog.querySelector("[data-said]").textContent = question.told(question.answer(dialog));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(`[data-list="${id}"]`);
    if (!button) return;
    field = button.closest("[data-array]");
    dialog.querySelector("[data-of]").textContent = field.dataset.label;
    question.begin(dialog);
    tell(dialog, "");
    told();
    dialog.showModal();
    dialog.querySelector(".input").select();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("input", told);
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = question.answer(dialog);
    const fault = question.faultOf(values);
    tell(dialog, fault);
    if (fault) return;
    dialog.close();
    textOf().value = (question.finish?.(values) ?? values).join(", ");
    textOf().dispatchEvent(new Event("input", { bubbles: true }));
  });
}
