// Hashes of standard input's password by the libraries of Node.js: one a line, its maker before it.
import { readFileSync } from "node:fs";
import bcrypt from "bcryptjs";
import { FirebaseScrypt } from "firebase-scrypt";

const password = readFileSync(0, "utf8");

console.log("bcryptjs", bcrypt.hashSync(password, 4));

const parameters = { memCost: 5, rounds: 8, saltSeparator: "Bw==", signerKey: Buffer.alloc(64, 7).toString("base64") };
const salt = Buffer.from("a salt of its own").toString("base64");
const hash = await new FirebaseScrypt(parameters).hash(password, salt);
const { memCost, rounds, saltSeparator, signerKey } = parameters;
console.log("firebase-scrypt", `$fbscrypt$v=1,n=${memCost},r=${rounds},p=1,ss=${saltSeparator},sk=${signerKey}$${salt}$${hash}`);
