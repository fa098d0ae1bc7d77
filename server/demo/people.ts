/** The people of a demo, by name and place; the same ones each time. */
export interface Inhabitant {
  username: string;
  name: string;
  country?: string;
  city?: string;
}

const names = [
  "Ada",
  "Amir",
  "Anouk",
  "Bao",
  "Bea",
  "Carlos",
  "Chiara",
  "Dana",
  "Deniz",
  "Eli",
  "Emeka",
  "Esra",
  "Farid",
  "Freya",
  "Gita",
  "Hana",
  "Hugo",
  "Ines",
  "Ivo",
  "Jonas",
  "Jun",
  "Kaya",
  "Kofi",
  "Lars",
  "Leila",
  "Lin",
  "Malik",
  "Mara",
  "Mio",
  "Nadia",
  "Nils",
  "Noor",
  "Olga",
  "Omar",
  "Pia",
  "Priya",
  "Quentin",
  "Rana",
  "Rui",
  "Sami",
  "Selma",
  "Tariq",
  "Thea",
  "Uma",
  "Viktor",
  "Wanda",
  "Xenia",
  "Yara",
  "Yusuf",
  "Zoe",
];
const families = [
  "Ahlberg",
  "Brandt",
  "Costa",
  "Demir",
  "Eriksen",
  "Fontaine",
  "Gruber",
  "Haddad",
  "Ito",
  "Jansen",
];
const places = [
  ["DE", "Berlin"],
  ["DE", "Hamburg"],
  ["DE", "München"],
  ["AT", "Wien"],
  ["CH", "Zürich"],
  ["GB", "London"],
  ["SE", "Uppsala"],
  ["PT", "Porto"],
  ["TR", "İzmir"],
  ["JP", "Osaka"],
] as const;

export const inventPeople = (count: number): Inhabitant[] =>
  Array.from({ length: count }, (_, at) => {
    const first = names[at % names.length] ?? "Ada";
    const round = Math.floor(at / names.length);
    const [country, city] = places[(at * 7) % places.length] ?? places[0];
    return {
      username: `${first.toLowerCase()}${round > 0 ? round + 1 : ""}`,
      name: `${first} ${families[(at * 3) % families.length]}`,
      country,
      city,
    };
  });
