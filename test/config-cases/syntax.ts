import type { Wrong } from "./wrong.js";

/** Configurations that are not TOML 1.0. */
export const SYNTAX: readonly Wrong[] = [
  {
    name: "a key twice",
    change: { 'token_file = "pve-token"': 'token_file = "pve-token"\ntoken_file = "pve-token"' },
    says: [
      "6:1: this key or section is already there; keep one of the two ([[realm]] and [[realm.group]], with two brackets, may be repeated)",
    ],
  },
  {
    name: "a section twice",
    change: { "[health]": "[rotation]\n[health]" },
    says: [
      "12:2: this key or section is already there; keep one of the two ([[realm]] and [[realm.group]], with two brackets, may be repeated)",
    ],
  },
  {
    name: "text without quotes",
    change: { '"pve-token"': "pve-token" },
    says: ['5:14: text stands here without quotes; write it in double quotes, as in key = "text"'],
  },
  {
    name: "a word processor's quotes",
    change: { '"pve-token"': "“pve-token”" },
    says: ['5:14: this is not the quote that TOML knows; write it anew, as in key = "text"'],
  },
  {
    name: "a space out of a web page",
    change: { 'token_file = "pve-token"': 'token_file\u00a0= "pve-token"' },
    says: ["5:11: this is not the space that TOML knows; write it anew"],
  },
  {
    name: "a colon in place of the equals sign",
    change: { 'token_file = "pve-token"': 'token_file: "pve-token"' },
    says: ['5:11: the equals sign is missing; write key = "text"'],
  },
  {
    name: "a colon after a space in place of the equals sign",
    change: { 'token_file = "pve-token"': 'token_file : "pve-token"' },
    says: ['5:12: the equals sign is missing; write key = "text"'],
  },
  {
    name: "a port without quotes",
    change: { '"pve-token"': ":9646" },
    says: ['5:14: text stands here without quotes; write it in double quotes, as in key = "text"'],
  },
  {
    name: "a port behind the quotes",
    change: { '"pve-token"': '"192.0.2.1":9646' },
    says: ['5:25: text stands here without quotes; write it in double quotes, as in key = "text"'],
  },
  {
    name: "a colon in place of an equals sign in braces",
    change: { 'token_file = "pve-token"': 'token_file = { a = 1, b: "pve-token" }' },
    says: ['5:24: the equals sign is missing; write key = "text"'],
  },
  {
    name: "text with one quote",
    change: { '"pve-token"': '"pve-token' },
    says: ["5:24: the closing quote is missing; close the text with the same quote"],
  },
  {
    name: "a value that is missing",
    change: { '"pve-token"': "" },
    says: ["6:1: a line ends too early; write key = value, or [section], on one line"],
  },
  {
    name: "an equals sign that is missing",
    change: { 'name = "entra"': 'name "entra"' },
    says: ['17:6: the equals sign is missing; write key = "text"'],
  },
  {
    name: "a section without its bracket",
    change: { "[health]": "[health" },
    says: ["13:1: a line ends too early; write key = value, or [section], on one line"],
  },
  {
    name: "a list without its bracket",
    change: { '"Administrator" } ]': '"Administrator" }' },
    says: ["24:1: the closing bracket of the list is missing; close it with ]"],
  },
  {
    name: "a list without a comma",
    change: { "acl = [": 'entra2 = ["a" "b"]\nacl = [' },
    says: ["23:15: a comma is missing; put one between the values"],
  },
  {
    name: "a table over several lines",
    change: { '{ path = "/", ': '{ path = "/",\n  ' },
    says: [
      "24:3: braces go over more than one line; write { … } on one line (a list in [ ] may go over several)",
    ],
  },
  {
    name: "two values in one line",
    change: { "rotate = true": "rotate = true names = true" },
    says: ["19:15: something stands behind the value; begin a new line, or quote the text"],
  },
  {
    name: "a backslash that means nothing",
    change: { '"pve-token"': '"secrets\\pve-token"' },
    says: [
      "5:23: the text has a backslash that means nothing; write two backslashes, or put the text in single quotes",
    ],
  },
  {
    name: "a number with a zero before it",
    change: { "rotate = true": "max = 010" },
    says: ["19:7: a number begins with a zero; write it without, or in quotes if it is text"],
  },
  {
    name: "a comment in another language",
    change: { "rotate = true": "rotate = true // yes" },
    says: ["19:15: a comment begins with #; write # in place of //"],
  },
  {
    name: "values nested without end",
    change: { "rotate = true": "rotate = [[[[[[[[[[[[1]]]]]]]]]]]]" },
    says: ["19:17: the values are nested too deeply; write them as config.example.toml does"],
  },
  {
    name: "sections nested without end",
    change: { "[health]": "[a.b.c.d.e.f.g.h.i.j.k.l]\n[health]" },
    says: ["12:1: the values are nested too deeply; write them as config.example.toml does"],
  },
];
