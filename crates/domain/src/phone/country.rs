//! Countries, named by their ISO 3166 codes, as far as libphonenumber has a numbering plan for them.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL as LIBRARY, Region};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::fold;

/// A country or territory with a numbering plan of its own, such as `IN`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that names no country.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a country; use its two-letter code, such as US, GB or IN")]
pub struct UnknownCountry(String);

impl Country {
    /// Takes a two-letter code in either case.
    pub fn from_code(code: &str) -> Result<Country, UnknownCountry> {
        let unknown = || UnknownCountry(crate::text::shortened(code, 40));
        let region = Region::from_code(code).map_err(|_| unknown())?;
        Country::from_region(region).ok_or_else(unknown)
    }

    /// Takes what people write into a Country column: a two- or three-letter code or the English name, in any
    /// case, with or without dots and accents left as they are written in the table.
    pub fn read(text: &str) -> Result<Country, UnknownCountry> {
        let text = text.trim();
        if let Ok(country) = Country::from_code(text) {
            return Ok(country);
        }
        NAMES.get(key(text).as_str()).copied().ok_or_else(|| UnknownCountry(crate::text::shortened(text, 40)))
    }

    /// The two letters, uppercase.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a country is two ASCII letters")
    }

    /// The English name, such as `United States`.
    pub fn name(self) -> &'static str {
        TABLE.binary_search_by(|row| row.0.as_bytes().cmp(&self.0)).map_or("", |index| TABLE[index].2)
    }

    /// The calling code, such as 44.
    pub fn calling_code(self) -> i32 {
        LIBRARY.get_country_code_for_region(self.region()).expect("every country has a calling code")
    }

    /// All countries in the order of their codes.
    pub fn all() -> impl Iterator<Item = Country> {
        TABLE.iter().filter_map(|row| Country::from_code(row.0).ok())
    }

    pub(super) fn from_region(region: Region) -> Option<Country> {
        LIBRARY.get_country_code_for_region(region)?;
        let text = region.as_region_str();
        <[u8; 2]>::try_from(text.as_bytes()).ok().map(Country)
    }

    pub(super) fn region(self) -> Region {
        Region::from_code(self.as_str()).expect("a country is made from a region of the library")
    }
}

/// Dots, commas, apostrophes and the word *the* do not tell countries apart: `U.S.A.`, `The Gambia`.
fn key(text: &str) -> String {
    let plain: String =
        fold(text).chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '&').collect();
    let plain = plain.replace('&', "and");
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty() && *word != "the").collect();
    words.join(" ")
}

static NAMES: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let rows = TABLE.iter().flat_map(|&(code, code3, name)| [(code3, code), (name, code)]);
    rows.chain(ALIASES.iter().copied())
        .filter_map(|(name, code)| Some((key(name), Country::from_code(code).ok()?)))
        .collect()
});

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.as_str())
    }
}

impl TryFrom<String> for Country {
    type Error = UnknownCountry;

    fn try_from(code: String) -> Result<Country, UnknownCountry> {
        Country::from_code(&code)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.as_str().to_owned()
    }
}

/// Other names in use, beside those of the table.
const ALIASES: &[(&str, &str)] = &[
    ("America", "US"),
    ("United States of America", "US"),
    ("UK", "GB"),
    ("Great Britain", "GB"),
    ("Britain", "GB"),
    ("England", "GB"),
    ("Scotland", "GB"),
    ("Wales", "GB"),
    ("Northern Ireland", "GB"),
    ("UAE", "AE"),
    ("Emirates", "AE"),
    ("KSA", "SA"),
    ("Bharat", "IN"),
    ("Holland", "NL"),
    ("Deutschland", "DE"),
    ("España", "ES"),
    ("Brasil", "BR"),
    ("México", "MX"),
    ("Czech Republic", "CZ"),
    ("Macedonia", "MK"),
    ("Swaziland", "SZ"),
    ("Burma", "MM"),
    ("Turkey", "TR"),
    ("Ivory Coast", "CI"),
    ("Cote d'Ivoire", "CI"),
    ("Cape Verde", "CV"),
    ("East Timor", "TL"),
    ("Korea", "KR"),
    ("Republic of Korea", "KR"),
    ("Russian Federation", "RU"),
    ("Viet Nam", "VN"),
    ("Hong Kong SAR", "HK"),
    ("Macau", "MO"),
    ("Republic of Ireland", "IE"),
    ("Curacao", "CW"),
    ("Reunion", "RE"),
    ("Democratic Republic of the Congo", "CD"),
    ("Republic of the Congo", "CG"),
];

/// Two-letter code, three-letter code, English name; in the order of the first.
const TABLE: &[(&str, &str, &str)] = &[
    ("AC", "ASC", "Ascension Island"),
    ("AD", "AND", "Andorra"),
    ("AE", "ARE", "United Arab Emirates"),
    ("AF", "AFG", "Afghanistan"),
    ("AG", "ATG", "Antigua and Barbuda"),
    ("AI", "AIA", "Anguilla"),
    ("AL", "ALB", "Albania"),
    ("AM", "ARM", "Armenia"),
    ("AO", "AGO", "Angola"),
    ("AR", "ARG", "Argentina"),
    ("AS", "ASM", "American Samoa"),
    ("AT", "AUT", "Austria"),
    ("AU", "AUS", "Australia"),
    ("AW", "ABW", "Aruba"),
    ("AX", "ALA", "Åland Islands"),
    ("AZ", "AZE", "Azerbaijan"),
    ("BA", "BIH", "Bosnia and Herzegovina"),
    ("BB", "BRB", "Barbados"),
    ("BD", "BGD", "Bangladesh"),
    ("BE", "BEL", "Belgium"),
    ("BF", "BFA", "Burkina Faso"),
    ("BG", "BGR", "Bulgaria"),
    ("BH", "BHR", "Bahrain"),
    ("BI", "BDI", "Burundi"),
    ("BJ", "BEN", "Benin"),
    ("BL", "BLM", "Saint Barthélemy"),
    ("BM", "BMU", "Bermuda"),
    ("BN", "BRN", "Brunei"),
    ("BO", "BOL", "Bolivia"),
    ("BQ", "BES", "Caribbean Netherlands"),
    ("BR", "BRA", "Brazil"),
    ("BS", "BHS", "Bahamas"),
    ("BT", "BTN", "Bhutan"),
    ("BW", "BWA", "Botswana"),
    ("BY", "BLR", "Belarus"),
    ("BZ", "BLZ", "Belize"),
    ("CA", "CAN", "Canada"),
    ("CC", "CCK", "Cocos Islands"),
    ("CD", "COD", "Congo (Kinshasa)"),
    ("CF", "CAF", "Central African Republic"),
    ("CG", "COG", "Congo (Brazzaville)"),
    ("CH", "CHE", "Switzerland"),
    ("CI", "CIV", "Côte d’Ivoire"),
    ("CK", "COK", "Cook Islands"),
    ("CL", "CHL", "Chile"),
    ("CM", "CMR", "Cameroon"),
    ("CN", "CHN", "China"),
    ("CO", "COL", "Colombia"),
    ("CR", "CRI", "Costa Rica"),
    ("CU", "CUB", "Cuba"),
    ("CV", "CPV", "Cabo Verde"),
    ("CW", "CUW", "Curaçao"),
    ("CX", "CXR", "Christmas Island"),
    ("CY", "CYP", "Cyprus"),
    ("CZ", "CZE", "Czechia"),
    ("DE", "DEU", "Germany"),
    ("DJ", "DJI", "Djibouti"),
    ("DK", "DNK", "Denmark"),
    ("DM", "DMA", "Dominica"),
    ("DO", "DOM", "Dominican Republic"),
    ("DZ", "DZA", "Algeria"),
    ("EC", "ECU", "Ecuador"),
    ("EE", "EST", "Estonia"),
    ("EG", "EGY", "Egypt"),
    ("EH", "ESH", "Western Sahara"),
    ("ER", "ERI", "Eritrea"),
    ("ES", "ESP", "Spain"),
    ("ET", "ETH", "Ethiopia"),
    ("FI", "FIN", "Finland"),
    ("FJ", "FJI", "Fiji"),
    ("FK", "FLK", "Falkland Islands"),
    ("FM", "FSM", "Micronesia"),
    ("FO", "FRO", "Faroe Islands"),
    ("FR", "FRA", "France"),
    ("GA", "GAB", "Gabon"),
    ("GB", "GBR", "United Kingdom"),
    ("GD", "GRD", "Grenada"),
    ("GE", "GEO", "Georgia"),
    ("GF", "GUF", "French Guiana"),
    ("GG", "GGY", "Guernsey"),
    ("GH", "GHA", "Ghana"),
    ("GI", "GIB", "Gibraltar"),
    ("GL", "GRL", "Greenland"),
    ("GM", "GMB", "Gambia"),
    ("GN", "GIN", "Guinea"),
    ("GP", "GLP", "Guadeloupe"),
    ("GQ", "GNQ", "Equatorial Guinea"),
    ("GR", "GRC", "Greece"),
    ("GT", "GTM", "Guatemala"),
    ("GU", "GUM", "Guam"),
    ("GW", "GNB", "Guinea-Bissau"),
    ("GY", "GUY", "Guyana"),
    ("HK", "HKG", "Hong Kong"),
    ("HN", "HND", "Honduras"),
    ("HR", "HRV", "Croatia"),
    ("HT", "HTI", "Haiti"),
    ("HU", "HUN", "Hungary"),
    ("ID", "IDN", "Indonesia"),
    ("IE", "IRL", "Ireland"),
    ("IL", "ISR", "Israel"),
    ("IM", "IMN", "Isle of Man"),
    ("IN", "IND", "India"),
    ("IO", "IOT", "British Indian Ocean Territory"),
    ("IQ", "IRQ", "Iraq"),
    ("IR", "IRN", "Iran"),
    ("IS", "ISL", "Iceland"),
    ("IT", "ITA", "Italy"),
    ("JE", "JEY", "Jersey"),
    ("JM", "JAM", "Jamaica"),
    ("JO", "JOR", "Jordan"),
    ("JP", "JPN", "Japan"),
    ("KE", "KEN", "Kenya"),
    ("KG", "KGZ", "Kyrgyzstan"),
    ("KH", "KHM", "Cambodia"),
    ("KI", "KIR", "Kiribati"),
    ("KM", "COM", "Comoros"),
    ("KN", "KNA", "Saint Kitts and Nevis"),
    ("KP", "PRK", "North Korea"),
    ("KR", "KOR", "South Korea"),
    ("KW", "KWT", "Kuwait"),
    ("KY", "CYM", "Cayman Islands"),
    ("KZ", "KAZ", "Kazakhstan"),
    ("LA", "LAO", "Laos"),
    ("LB", "LBN", "Lebanon"),
    ("LC", "LCA", "Saint Lucia"),
    ("LI", "LIE", "Liechtenstein"),
    ("LK", "LKA", "Sri Lanka"),
    ("LR", "LBR", "Liberia"),
    ("LS", "LSO", "Lesotho"),
    ("LT", "LTU", "Lithuania"),
    ("LU", "LUX", "Luxembourg"),
    ("LV", "LVA", "Latvia"),
    ("LY", "LBY", "Libya"),
    ("MA", "MAR", "Morocco"),
    ("MC", "MCO", "Monaco"),
    ("MD", "MDA", "Moldova"),
    ("ME", "MNE", "Montenegro"),
    ("MF", "MAF", "Saint Martin"),
    ("MG", "MDG", "Madagascar"),
    ("MH", "MHL", "Marshall Islands"),
    ("MK", "MKD", "North Macedonia"),
    ("ML", "MLI", "Mali"),
    ("MM", "MMR", "Myanmar"),
    ("MN", "MNG", "Mongolia"),
    ("MO", "MAC", "Macao"),
    ("MP", "MNP", "Northern Mariana Islands"),
    ("MQ", "MTQ", "Martinique"),
    ("MR", "MRT", "Mauritania"),
    ("MS", "MSR", "Montserrat"),
    ("MT", "MLT", "Malta"),
    ("MU", "MUS", "Mauritius"),
    ("MV", "MDV", "Maldives"),
    ("MW", "MWI", "Malawi"),
    ("MX", "MEX", "Mexico"),
    ("MY", "MYS", "Malaysia"),
    ("MZ", "MOZ", "Mozambique"),
    ("NA", "NAM", "Namibia"),
    ("NC", "NCL", "New Caledonia"),
    ("NE", "NER", "Niger"),
    ("NF", "NFK", "Norfolk Island"),
    ("NG", "NGA", "Nigeria"),
    ("NI", "NIC", "Nicaragua"),
    ("NL", "NLD", "Netherlands"),
    ("NO", "NOR", "Norway"),
    ("NP", "NPL", "Nepal"),
    ("NR", "NRU", "Nauru"),
    ("NU", "NIU", "Niue"),
    ("NZ", "NZL", "New Zealand"),
    ("OM", "OMN", "Oman"),
    ("PA", "PAN", "Panama"),
    ("PE", "PER", "Peru"),
    ("PF", "PYF", "French Polynesia"),
    ("PG", "PNG", "Papua New Guinea"),
    ("PH", "PHL", "Philippines"),
    ("PK", "PAK", "Pakistan"),
    ("PL", "POL", "Poland"),
    ("PM", "SPM", "Saint Pierre and Miquelon"),
    ("PR", "PRI", "Puerto Rico"),
    ("PS", "PSE", "Palestine"),
    ("PT", "PRT", "Portugal"),
    ("PW", "PLW", "Palau"),
    ("PY", "PRY", "Paraguay"),
    ("QA", "QAT", "Qatar"),
    ("RE", "REU", "Réunion"),
    ("RO", "ROU", "Romania"),
    ("RS", "SRB", "Serbia"),
    ("RU", "RUS", "Russia"),
    ("RW", "RWA", "Rwanda"),
    ("SA", "SAU", "Saudi Arabia"),
    ("SB", "SLB", "Solomon Islands"),
    ("SC", "SYC", "Seychelles"),
    ("SD", "SDN", "Sudan"),
    ("SE", "SWE", "Sweden"),
    ("SG", "SGP", "Singapore"),
    ("SH", "SHN", "Saint Helena"),
    ("SI", "SVN", "Slovenia"),
    ("SJ", "SJM", "Svalbard and Jan Mayen"),
    ("SK", "SVK", "Slovakia"),
    ("SL", "SLE", "Sierra Leone"),
    ("SM", "SMR", "San Marino"),
    ("SN", "SEN", "Senegal"),
    ("SO", "SOM", "Somalia"),
    ("SR", "SUR", "Suriname"),
    ("SS", "SSD", "South Sudan"),
    ("ST", "STP", "São Tomé and Príncipe"),
    ("SV", "SLV", "El Salvador"),
    ("SX", "SXM", "Sint Maarten"),
    ("SY", "SYR", "Syria"),
    ("SZ", "SWZ", "Eswatini"),
    ("TA", "TAA", "Tristan da Cunha"),
    ("TC", "TCA", "Turks and Caicos Islands"),
    ("TD", "TCD", "Chad"),
    ("TG", "TGO", "Togo"),
    ("TH", "THA", "Thailand"),
    ("TJ", "TJK", "Tajikistan"),
    ("TK", "TKL", "Tokelau"),
    ("TL", "TLS", "Timor-Leste"),
    ("TM", "TKM", "Turkmenistan"),
    ("TN", "TUN", "Tunisia"),
    ("TO", "TON", "Tonga"),
    ("TR", "TUR", "Türkiye"),
    ("TT", "TTO", "Trinidad and Tobago"),
    ("TV", "TUV", "Tuvalu"),
    ("TW", "TWN", "Taiwan"),
    ("TZ", "TZA", "Tanzania"),
    ("UA", "UKR", "Ukraine"),
    ("UG", "UGA", "Uganda"),
    ("US", "USA", "United States"),
    ("UY", "URY", "Uruguay"),
    ("UZ", "UZB", "Uzbekistan"),
    ("VA", "VAT", "Vatican City"),
    ("VC", "VCT", "Saint Vincent and the Grenadines"),
    ("VE", "VEN", "Venezuela"),
    ("VG", "VGB", "British Virgin Islands"),
    ("VI", "VIR", "U.S. Virgin Islands"),
    ("VN", "VNM", "Vietnam"),
    ("VU", "VUT", "Vanuatu"),
    ("WF", "WLF", "Wallis and Futuna"),
    ("WS", "WSM", "Samoa"),
    ("XK", "XKX", "Kosovo"),
    ("YE", "YEM", "Yemen"),
    ("YT", "MYT", "Mayotte"),
    ("ZA", "ZAF", "South Africa"),
    ("ZM", "ZMB", "Zambia"),
    ("ZW", "ZWE", "Zimbabwe"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_region_of_the_library_once_and_in_order() {
        let mut regions: Vec<String> = LIBRARY.get_supported_regions().map(|it| it.to_string()).collect();
        regions.sort_unstable();
        let codes: Vec<&str> = TABLE.iter().map(|row| row.0).collect();
        assert_eq!(codes, regions);
        assert_eq!(Country::all().count(), TABLE.len());
    }

    #[test]
    fn no_name_means_two_countries() {
        let rows = TABLE.iter().flat_map(|&(code, code3, name)| [(code, code), (code3, code), (name, code)]);
        for (name, code) in rows.chain(ALIASES.iter().copied()) {
            assert_eq!(Country::read(name).map(|it| it.to_string()), Ok(code.to_owned()), "{name}");
        }
    }

    #[test]
    fn r10_a_country_is_read_as_people_write_it() {
        let check = |text: &str, expect: &str| {
            assert_eq!(Country::read(text).map(|it| it.to_string()).as_deref(), Ok(expect), "{text:?}");
        };
        check("in", "IN");
        check(" IND ", "IN");
        check("INDIA", "IN");
        check("U.S.A.", "US");
        check("united states", "US");
        check("the United Kingdom", "GB");
        check("UK", "GB");
        check("Trinidad & Tobago", "TT");
        check("Côte d'Ivoire", "CI");
        for unknown in ["", "  ", "ZZ", "001", "+91", "Atlantis", "United", "é"] {
            assert!(Country::read(unknown).is_err(), "{unknown:?}");
        }
    }

    #[test]
    fn a_code_has_two_letters_that_are_in_use() {
        assert_eq!(Country::from_code("gb").map(Country::name), Ok("United Kingdom"));
        let error = Country::from_code("XX").expect_err("nobody has XX");
        assert_eq!(
            error.to_string(),
            "\"XX\" is not a country; use its two-letter code, such as US, GB or IN"
        );
    }
}
