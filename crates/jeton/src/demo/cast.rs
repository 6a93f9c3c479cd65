//! Who is in the demo: three teams, forty members, and their habits. Nobody of them exists.

/// A team of the demo.
#[derive(Debug)]
pub(super) struct Troupe {
    pub(super) team: &'static str,
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) country: &'static str,
    pub(super) time_zone: &'static str,
    pub(super) locale: &'static str,
    /// What its members open, the most used first.
    pub(super) products: &'static [&'static str],
    /// What nobody there needs, and is started by mistake.
    pub(super) mistaken: &'static [&'static str],
    pub(super) projects: &'static [&'static str],
    /// When a working day begins, in minutes after midnight; people come up to `spread` later.
    pub(super) begins: u32,
    pub(super) spread: u32,
    /// The first is the primary admin, the second a secondary one, the third pays the bills and opens nothing.
    pub(super) members: &'static [(&'static str, &'static str)],
    /// The member, of those, who leaves things open.
    pub(super) leaver: Option<usize>,
}

/// Buys late: a lot lapses on a Friday, and the weekend after it is refused.
pub(super) const ATELIER: Troupe = Troupe {
    team: "atelier-nord",
    name: "Atelier Nord",
    place: "Paris",
    country: "FR",
    time_zone: "Europe/Paris",
    locale: "fr",
    products: &["autocad", "revit", "navisworks", "3ds-max", "recap-pro"],
    mistaken: &["alias-concept", "motionbuilder", "powershape"],
    projects: &["quai-12", "lycee-sud", "halle"],
    begins: 8 * 60,
    spread: 90,
    members: &[
        ("camille", "Camille Rousseau"),
        ("hugo", "Hugo Lambert"),
        ("ines", "Inès Marchand"),
        ("lea", "Léa Fontaine"),
        ("noah", "Noah Girard"),
        ("louis", "Louis Perrin"),
        ("jade", "Jade Mercier"),
        ("adam", "Adam Benali"),
        ("chloe", "Chloé Renaud"),
        ("paul", "Paul Giraud"),
        ("zoe", "Zoé Lemoine"),
        ("sacha", "Sacha Colin"),
        ("rose", "Rose Vidal"),
        ("malik", "Malik Diallo"),
        ("anna", "Anna Kowalska"),
        ("victor", "Victor Roche"),
        ("lina", "Lina Haddad"),
        ("tom", "Tom Berger"),
    ],
    leaver: Some(5),
};

/// Works in the east, tags everything, asks for results.
pub(super) const HELIOS: Troupe = Troupe {
    team: "helios",
    name: "Helios Engineering",
    place: "Athens",
    country: "GR",
    time_zone: "Europe/Athens",
    locale: "el",
    products: &["civil-3d", "inventor", "infraworks", "advance-steel", "fusion-360"],
    mistaken: &["maya", "flame", "netfabb"],
    projects: &["a7-bridge", "harbour", "wind-park"],
    begins: 7 * 60 + 30,
    spread: 60,
    members: &[
        ("eleni", "Eleni Markou"),
        ("nikos", "Nikos Pappas"),
        ("maria", "Maria Laskari"),
        ("giorgos", "Giorgos Vlachos"),
        ("katerina", "Katerina Zervou"),
        ("dimitris", "Dimitris Kalas"),
        ("sofia", "Sofia Manou"),
        ("kostas", "Kostas Rigas"),
        ("anastasia", "Anastasia Doukas"),
        ("petros", "Petros Galanis"),
        ("irini", "Irini Stathi"),
        ("alexis", "Alexis Moros"),
        ("danai", "Danai Kefala"),
        ("thanos", "Thanos Bikas"),
    ],
    leaver: Some(4),
};

/// Works in the west, and has not paid.
pub(super) const CARAVELLE: Troupe = Troupe {
    team: "caravelle",
    name: "Caravelle Films",
    place: "Fort-de-France",
    country: "MQ",
    time_zone: "America/Martinique",
    locale: "fr",
    products: &["maya", "3ds-max", "mudbox", "motionbuilder"],
    mistaken: &["revit", "vault"],
    projects: &["caldera", "les-alizes"],
    begins: 9 * 60,
    spread: 120,
    members: &[
        ("aurore", "Aurore Césaire"),
        ("mathis", "Mathis Jean-Louis"),
        ("odile", "Odile Marie-Rose"),
        ("kenny", "Kenny Saint-Aimé"),
        ("solene", "Solène Louison"),
        ("yanis", "Yanis Rosette"),
        ("flora", "Flora Grandin"),
        ("steeve", "Steeve Zobel"),
    ],
    leaver: None,
};

pub(super) const TROUPES: [&Troupe; 3] = [&ATELIER, &HELIOS, &CARAVELLE];

/// Who of a team opens products, by place in it.
pub(super) fn users(troupe: &Troupe) -> impl Iterator<Item = usize> + use<> {
    const PAYER: usize = 2;
    (0..troupe.members.len()).filter(|member| *member != PAYER)
}
