/** The people of the demo's organisation: invented names as they are common in many languages. */

export interface Name {
  readonly given: string;
  readonly family: string;
}

const ADMINISTRATORS = ["Margarethe Vogel", "Tomasz Wiśniewski", "Amara Okafor"];
const OPERATIONS = ["Håkan Lindqvist", "Zeynep Yıldız"];
const PLATFORM = [
  "Ingrid Sørensen",
  "Matteo Esposito",
  "Siobhán O'Brien",
  "Đặng Minh",
  "Łukasz Kamiński",
  "Naledi Mokoena",
  "Kenji Watanabe",
  "Élodie Lefèvre",
];
const SERVICE_DESK = [
  "Björn Großmann",
  "Priya Raghunathan",
  "Óscar Núñez",
  "Katarína Nováková",
  "Yusuf Demir",
  "Fatoumata Diallo",
  "Jānis Bērziņš",
  "Chloé Dubois",
  "Sanna Mäkelä",
  "Rui Gonçalves",
];
const BACKEND = [
  "Aleksandra Petrović",
  "Nguyễn Thị Lan",
  "Þórdís Jónsdóttir",
  "Rafael Araújo",
  "Marek Dvořák",
  "Olena Kovalchuk",
  "Hassan Al-Farsi",
  "Mei-Ling Chen",
  "Gergő Szabó",
  "Adaeze Nwosu",
  "Ștefan Ionescu",
  "Leïla Benali",
  "Jürgen Weiß",
  "Anaïs Fournier",
];
const FRONTEND = [
  "Sofía Hernández",
  "Kwame Mensah",
  "Linnéa Åkesson",
  "Dimitra Papadopoulou",
  "Arjun Mehta",
  "Beatriz Conceição",
  "Hyun-woo Park",
  "Mikkel Rasmussen",
  "Inês Carvalho",
];
const QUALITY = [
  "Vesna Horvat",
  "Tariq Hussain",
  "Päivi Nieminen",
  "Giulia Ferrari",
  "Andrés Peña",
];
const AUDIT = ["Wilhelmina de Vries", "Haruka Sato", "Efua Asante"];
const SALES = [
  "Charlotte Müller",
  "Nikola Jovanović",
  "Aoife Ní Bhriain",
  "Emeka Eze",
  "Valentina Rossi",
  "Søren Kjær",
  "Ayşe Çelik",
  "Juan Ibáñez",
  "Hana Černá",
  "Louis Lambert",
  "Thandiwe Dlamini",
  "Ravi Subramanian",
];

/** Teams by name; who is in none of the mapped groups is in Sales. */
export const TEAMS = {
  "PVE Administrators": ADMINISTRATORS,
  "IT Operations": OPERATIONS,
  "Platform Team": PLATFORM,
  "Service Desk": SERVICE_DESK,
  Backend: BACKEND,
  Frontend: FRONTEND,
  "Quality Assurance": QUALITY,
  "Internal Audit": AUDIT,
  Sales: SALES,
} as const;

export type Team = keyof typeof TEAMS;

/** The first word is the given name; the rest is the family's. */
export function nameOf(full: string): Name {
  const [given = "", ...family] = full.split(" ");
  return { given, family: family.join(" ") };
}

const PLAIN: Readonly<Record<string, string>> = {
  ß: "ss",
  ø: "o",
  ł: "l",
  đ: "d",
  ı: "i",
  þ: "th",
  æ: "ae",
  " ": "",
};

/** `margarethe.vogel`: as administrators make a user principal name of a person's name. */
export function localPart(full: string): string {
  const { given, family } = nameOf(full);
  return `${given}.${family}`
    .toLowerCase()
    .replaceAll(/[ßøłđıþæ ]/g, (letter) => PLAIN[letter] ?? "")
    .normalize("NFD")
    .replaceAll(/\p{Mark}/gu, "");
}
