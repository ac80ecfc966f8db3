//! Numbers as Python has them and prints them: they are part of a cache key.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number that remembers whether it was written as an integer: `1` and `1.0`
/// are equal, but make different cache keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PyNumber {
    /// Written without a point or an exponent.
    Int(i64),
    /// Any other.
    Float(f64),
}

impl PyNumber {
    /// The value, to the nearest double.
    pub fn get(self) -> f64 {
        match self {
            PyNumber::Int(int) => int as f64,
            PyNumber::Float(float) => float,
        }
    }

    /// Distinguishes all that print differently: 1 and 1.0, 0.0 and -0.0.
    pub(crate) const fn identity(self) -> (bool, u64) {
        match self {
            PyNumber::Int(int) => (true, int as u64),
            PyNumber::Float(float) => (false, float.to_bits()),
        }
    }

    /// Python's `max(low, min(high, self))`: of two equal numbers the first
    /// argument is taken, so a number on a bound comes out as a float (`2`
    /// becomes `2.0`), one between them as it was.
    #[must_use]
    pub fn clamp(self, low: f64, high: f64) -> PyNumber {
        let least = if self.get() < high { self } else { PyNumber::Float(high) };
        if least.get() > low { least } else { PyNumber::Float(low) }
    }
}

impl fmt::Display for PyNumber {
    /// As Python's `str` and `repr` do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PyNumber::Int(int) => int.fmt(f),
            PyNumber::Float(float) => f.write_str(&python_repr(*float)),
        }
    }
}

impl From<f64> for PyNumber {
    fn from(float: f64) -> Self {
        PyNumber::Float(float)
    }
}

impl From<i64> for PyNumber {
    fn from(int: i64) -> Self {
        PyNumber::Int(int)
    }
}

/// A float as Python's `repr` prints it: the shortest digits that read back as
/// the same number; with an exponent of at least two digits where it is below
/// -4 or above 15, else with a point (`float_repr_style` "short").
pub fn python_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = shortest(value);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        // `Display` never uses an exponent, and drops the point of whole numbers.
        let decimals = digits.trim_start_matches('-').len().saturating_sub(2) as i32 - exponent;
        return format!("{value:.*}", decimals.max(1) as usize);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// The shortest digits that read back as `value`, as in `-1.25e-5`.
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    // Of two shortest numbers equally near, Rust takes the upper and Python the
    // even one, as Rust does too when told how many digits there are to be.
    let digits = shortest.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    let even = format!("{value:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(value) { even } else { shortest }
}

impl<'de> Deserialize<'de> for PyNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = PyNumber;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a finite number")
            }
            fn visit_i64<E: de::Error>(self, int: i64) -> Result<PyNumber, E> {
                Ok(PyNumber::Int(int))
            }
            fn visit_u64<E: de::Error>(self, int: u64) -> Result<PyNumber, E> {
                Ok(i64::try_from(int).map_or(PyNumber::Float(int as f64), PyNumber::Int))
            }
            fn visit_f64<E: de::Error>(self, float: f64) -> Result<PyNumber, E> {
                if float.is_finite() {
                    Ok(PyNumber::Float(float))
                } else {
                    Err(E::custom(format!("{float} is not a finite number")))
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl Serialize for PyNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PyNumber::Int(int) => serializer.serialize_i64(*int),
            PyNumber::Float(float) => serializer.serialize_f64(*float),
        }
    }
}

impl JsonSchema for PyNumber {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PyNumber::{Float, Int};

    /// Made by python3: `print(repr(x))`.
    #[rustfmt::skip]
    const PYTHON: &[(f64, &str)] = &[
        (f64::from_bits(0x0000_0000_0000_0000), "0.0"),
        (f64::from_bits(0x8000_0000_0000_0000), "-0.0"),
        (f64::from_bits(0x3fe6_6666_6666_6666), "0.7"),
        (f64::from_bits(0x3fec_cccc_cccc_cccd), "0.9"),
        (f64::from_bits(0x3ff0_0000_0000_0000), "1.0"),
        (f64::from_bits(0x4000_0000_0000_0000), "2.0"),
        (f64::from_bits(0x4059_0000_0000_0000), "100.0"),
        (f64::from_bits(0x3fb9_9999_9999_999a), "0.1"),
        (f64::from_bits(0x3fd3_3333_3333_3334), "0.30000000000000004"),
        (f64::from_bits(0x3ee4_f8b5_88e3_68f1), "1e-05"),
        (f64::from_bits(0x3f1a_36e2_bf21_436a), "9.999999e-05"),
        (f64::from_bits(0x3f1a_36e2_eb1c_432d), "0.0001"),
        (f64::from_bits(0x3f20_2e4b_6ce5_dc68), "0.00012345"),
        (f64::from_bits(0x3f1a_36e2_eb1c_432d), "0.0001"),
        (f64::from_bits(0x3f50_624d_d2f1_a9fc), "0.001"),
        (f64::from_bits(0x419d_6f34_5480_0000), "123456789.125"),
        (f64::from_bits(0x430c_6bf5_2634_0000), "1000000000000000.0"),
        (f64::from_bits(0x4341_c379_37e0_7fff), "9999999999999998.0"),
        (f64::from_bits(0x4341_c379_37e0_8000), "1e+16"),
        (f64::from_bits(0x434a_a535_d3d0_c000), "1.5e+16"),
        (f64::from_bits(0x4345_ee2a_2eb5_a5c4), "1.2345678901234568e+16"),
        (f64::from_bits(0x437b_69b4_ba63_0f35), "1.2345678901234568e+17"),
        (f64::from_bits(0x4480_f0cf_064d_d592), "1e+22"),
        (f64::from_bits(0x44b5_2d02_c7e1_4af6), "1e+23"),
        (f64::from_bits(0x54b2_49ad_2594_c37d), "1e+100"),
        (f64::from_bits(0xbe7a_d7f2_9abc_af48), "-1e-07"),
        (f64::from_bits(0x0000_0000_0000_0001), "5e-324"),
        (f64::from_bits(0x0010_0000_0000_0000), "2.2250738585072014e-308"),
        (f64::from_bits(0x7fef_ffff_ffff_ffff), "1.7976931348623157e+308"),
        (f64::from_bits(0x3ddb_7cdf_d9d7_bdbb), "1e-10"),
        (f64::from_bits(0x4340_0000_0000_0000), "9007199254740992.0"),
        (f64::from_bits(0x4330_0000_0000_0002), "4503599627370498.0"),
        (f64::from_bits(0x3fbf_9add_3746_f65f), "0.12345678901234568"),
        (f64::from_bits(0xf2a7_4de4_52e6_b438), "-1.989032661366619e+244"),
        (f64::from_bits(0x6513_270e_269e_0d37), "7.761117632285041e+178"),
        (f64::from_bits(0x0c5c_7fd0_a6a3_a450), "3.980498358697587e-249"),
        (f64::from_bits(0xd23f_0824_128b_2f33), "-1.5432835417340557e+88"),
        (f64::from_bits(0x1818_e811_892f_902b), "1.3647584518757569e-192"),
        (f64::from_bits(0x9531_985d_5d9d_c9f8), "-1.3701135617873088e-206"),
        (f64::from_bits(0xe8e2_5d94_0ed9_0475), "-1.7160537630466207e+197"),
        (f64::from_bits(0x36f6_75cc_81e7_4ef5), "6.294675241195386e-44"),
        (f64::from_bits(0x1600_a35a_0999_50d8), "1.0613447212142254e-202"),
        (f64::from_bits(0x6b0d_549b_6f03_675a), "4.708325160387546e+207"),
        (f64::from_bits(0x3d9c_1724_11e2_0b8f), "6.387016158513563e-12"),
        (f64::from_bits(0x8d11_6ece_1738_f7d9), "-9.973130378568733e-246"),
        (f64::from_bits(0x0f21_ddb6_6cad_4a26), "8.779753225680271e-236"),
        (f64::from_bits(0x90c1_92cf_d3ac_94af), "-5.795503248498993e-228"),
        (f64::from_bits(0xf28c_105d_1fb1_7c23), "-5.988180159386011e+243"),
        (f64::from_bits(0xa170_b338_3926_3059), "-1.306052388527796e-147"),
        (f64::from_bits(0x953f_48f1_a09f_76b5), "-2.436117699484841e-206"),
        (f64::from_bits(0x0fd6_30f1_f29d_0da9), "2.233386999150174e-232"),
        (f64::from_bits(0x95e6_0af5_93bd_04cf), "-3.51527970626667e-203"),
        (f64::from_bits(0x0cb1_e29c_658c_da14), "1.5987381841032883e-247"),
        (f64::from_bits(0x3898_d190_f9eb_dacc), "4.6678633181812096e-36"),
        (f64::from_bits(0x8e81_973e_0bec_d7b0), "-8.441872792105456e-239"),
        (f64::from_bits(0x2217_bead_dbc4_96cb), "1.9015657400796622e-144"),
        (f64::from_bits(0x6b4c_b242_4a23_d596), "7.370437700706684e+208"),
        (f64::from_bits(0x8a6a_63ec_24ed_e6a4), "-1.7163996725272777e-258"),
        (f64::from_bits(0x9227_6658_1e27_a1c0), "-3.2367190832119987e-221"),
        (f64::from_bits(0x8f6d_0558_4ef8_aa38), "-2.2818334634712625e-234"),
        (f64::from_bits(0xae97_ba94_d0ed_a82f), "-3.0536383926309363e-84"),
        (f64::from_bits(0x1a61_dbe2_2e44_158b), "1.3449551894627777e-181"),
        (f64::from_bits(0x923a_7369_94e3_bf91), "-7.317495976062606e-221"),
        (f64::from_bits(0x40a5_b489_ebfb_5ae9), "2778.269378523681"),
        (f64::from_bits(0xc306_e227_f83e_892a), "-805138848010533.2"),
        (f64::from_bits(0xbead_573a_6c59_1d51), "-8.744220500533536e-07"),
        (f64::from_bits(0x4176_b303_ea27_c67c), "23801918.634710774"),
        (f64::from_bits(0x4116_057f_c913_883c), "360799.9463635718"),
        (f64::from_bits(0x4155_269f_dff9_b5fa), "5544575.4996161405"),
        (f64::from_bits(0x413a_1c85_4528_bb73), "1711237.2701527744"),
        (f64::from_bits(0xbfd1_b7ab_5b34_2788), "-0.27683528811086733"),
        (f64::from_bits(0x4300_bbc9_06ce_13b3), "588758963044982.4"),
        (f64::from_bits(0x3ed7_794b_a9c2_1d28), "5.596592611684875e-06"),
        (f64::from_bits(0x41a1_be76_7908_e10d), "148847420.517342"),
        (f64::from_bits(0xc023_88d9_0a6e_66a1), "-9.76728088948886"),
        (f64::from_bits(0x4046_f1cc_a61c_44f6), "45.88905788784352"),
        (f64::from_bits(0x3ec2_47c1_1574_f5d8), "2.179180380728072e-06"),
        (f64::from_bits(0xc127_4fb8_e311_2197), "-763868.4434900758"),
        (f64::from_bits(0xc084_f09b_3935_b7d9), "-670.0757927128535"),
        (f64::from_bits(0xc190_983c_5445_8754), "-69603093.06789905"),
        (f64::from_bits(0xc2ac_7c68_b4ea_1647), "-15660329104651.139"),
        (f64::from_bits(0xc1ff_783f_fd46_253b), "-8447590356.384089"),
        (f64::from_bits(0x43b4_44ce_1d90_727e), "1.4605188055476792e+18"),
    ];

    #[test]
    fn floats_are_printed_as_python_prints_them() {
        for (value, text) in PYTHON {
            assert_eq!(python_repr(*value), *text);
        }
        assert_eq!(python_repr(f64::NAN), "nan");
        assert_eq!(python_repr(f64::INFINITY), "inf");
        assert_eq!(python_repr(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn clamping_follows_python() {
        // python3: max(0.0, min(2.0, x)), likewise with 1.0.
        let cases = [
            (Int(1), 2.0, "1"),
            (Int(2), 2.0, "2.0"),
            (Int(0), 2.0, "0.0"),
            (Int(5), 2.0, "2.0"),
            (Int(-3), 2.0, "0.0"),
            (Int(1), 1.0, "1.0"),
            (Float(0.7), 2.0, "0.7"),
            (Float(-0.0), 2.0, "0.0"),
            (Float(2.5), 2.0, "2.0"),
            (Float(f64::NAN), 2.0, "2.0"),
            (Float(1e-5), 1.0, "1e-05"),
        ];
        for (number, high, printed) in cases {
            assert_eq!(number.clamp(0.0, high).to_string(), printed, "{number:?}");
        }
    }

    #[test]
    fn yaml_keeps_the_difference_between_one_and_one_point_zero() {
        let read = |text: &str| serde_yaml::from_str::<PyNumber>(text);
        assert_eq!(read("1").unwrap(), Int(1));
        assert_eq!(read("1.0").unwrap(), Float(1.0));
        assert_eq!(read("-2").unwrap(), Int(-2));
        assert!(read(".nan").is_err() && read(".inf").is_err() && read("warm").is_err());
        for number in [Int(1), Float(1.0), Float(0.7), Float(1e-5), Float(1e16)] {
            assert_eq!(read(&serde_yaml::to_string(&number).unwrap()).unwrap(), number);
        }
    }
}
