// Lists of numbers as text: how they are cut, and what is said of them.
export function split(text) {
  return text.replace(/^\s*\[|\]\s*$/g, "").split(/[\s,;]+/).filter(Boolean);
}

export const isNumber = (text) => text.trim() !== "" && Number.isFinite(Number(text));

export const say = (x) => x.toLocaleString("en-GB", { maximumFractionDigits: 2 });

export const sumOf = (values) => values.reduce((sum, value) => sum + Number(value), 0);

// To nine decimals, so that 0.1 + 0.2 is 0.3.
export const tidy = (x) => Math.round(x * 1e9) / 1e9;

export function summary(values) {
  if (!values.length) return "No values";
  const words = `${values.length} ${values.length === 1 ? "value" : "values"}`;
  if (!values.every(isNumber)) return `${words}, not all of them numbers`;
  return `${words}, sum ${say(sumOf(values))}, largest ${say(Math.max(...values.map(Number)))}`;
}
