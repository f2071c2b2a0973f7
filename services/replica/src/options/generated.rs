//! What the documentation and the chart say of the options: generated, so that each is described once.

use std::fmt::Write;

use clap::Args;

use super::ServeArgs;
use super::args::RULES;
use super::rule::{Allowed, InChart, Rule};

/// Text in a file of the repository that follows from the options.
pub struct Generated {
    /// The file, from the repository's root.
    pub file: &'static str,
    /// What is before the text, once in the file.
    pub begin: String,
    /// What comes after it, first after `begin`; empty: nothing.
    pub end: &'static str,
    /// The text.
    pub text: String,
}

/// Everything that follows from the options.
pub fn generated() -> Vec<Generated> {
    let block = |file, begin: &str, end, text| Generated { file, begin: begin.into(), end, text };
    let mut all = vec![
        block(
            "docs/operations.md",
            "<!-- options: generated, see services/replica/tests/documented_options.rs -->\n",
            "<!-- end of options -->",
            options_table(),
        ),
        block(
            "helm/understudy/templates/_settings.tpl",
            "{{/* What a cluster is born with. Generated from services/replica/src/options/args.rs. */}}\n",
            "",
            settings_template(),
        ),
    ];
    for section in SECTIONS {
        let indent = if section.is_empty() { "" } else { "  " };
        let before = if section.is_empty() { String::new() } else { format!("\n{section}:\n") };
        let mark = "# generated from services/replica/src/options/args.rs\n";
        let begin = format!("{before}{indent}{mark}");
        all.push(block("helm/understudy/values.yaml", &begin, "\n\n", values(section, indent)));
        let begin = match *section {
            "" => "    \"replicas\": {\"type\": \"integer\", \"minimum\": 2, \"maximum\": 9},\n"
                .into(),
            _ => format!(
                "    \"{section}\": {{\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n      \
                 \"properties\": {{\n"
            ),
        };
        let end = if section.is_empty() { ",\n    \"image\"" } else { "\n      }" };
        let indent = if section.is_empty() { "    " } else { "        " };
        all.push(block("helm/understudy/values.schema.json", &begin, end, schema(section, indent)));
    }
    all
}

/// Sections of the chart's values that have options; without a name: what a cluster is born with.
const SECTIONS: &[&str] = &["", "timing", "limits"];

/// The options of a section of the chart's values, with the last part of their names there.
fn in_section(
    section: &str,
) -> impl Iterator<Item = (&'static str, &'static Rule, &'static InChart)> {
    RULES.iter().filter_map(move |rule| {
        let chart = rule.chart.as_ref()?;
        let (within, value) = chart.value.split_once('.').unwrap_or(("", chart.value));
        (within == section).then_some((value, rule, chart))
    })
}

/// All options as a Markdown table, one line each, in the order of `--help`.
fn options_table() -> String {
    let mut table = String::from("| flag | environment | default | meaning |\n");
    table.push_str("| --- | --- | --- | --- |\n");
    for argument in flags() {
        let Some(name) = argument.get_long() else { continue };
        let value = argument.get_value_names().and_then(|names| names.first());
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        let variable = argument.get_env().map(|name| name.to_string_lossy()).unwrap_or_default();
        let rule = RULES.iter().find(|rule| rule.option == name);
        let default = rule.map(|rule| format!("`{}`", rule.default())).unwrap_or_default();
        let meaning = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(table, "| `--{name} {value}` | `{variable}` | {default} | {meaning} |");
    }
    table
}

fn flags() -> Vec<clap::Arg> {
    ServeArgs::augment_args(clap::Command::new("serve")).get_arguments().cloned().collect()
}

/// Lines of `values.yaml`.
fn values(section: &str, indent: &str) -> String {
    let lines = in_section(section).map(|(value, rule, chart)| {
        let meaning = chart.meaning.map_or_else(|| help_in_chart(rule.option), str::to_string);
        let default =
            chart.default.map_or_else(|| rule.default(), |n| toml::Value::Integer(n.cast_signed()));
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_string);
        format!("{indent}# -- {meaning}\n{indent}{value}: {default}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A flag's help, in which options are called what the chart calls them.
fn help_in_chart(option: &str) -> String {
    let flag = flags().into_iter().find(|flag| flag.get_long() == Some(option));
    let help = flag.and_then(|flag| flag.get_help().map(ToString::to_string)).unwrap_or_default();
    let words = help.split(' ').map(|word| {
        let named = RULES.iter().find(|rule| rule.option == word && word.contains('-'));
        let value = named.and_then(|rule| rule.chart.as_ref()?.value.rsplit('.').next());
        value.map_or_else(|| word.to_string(), |value| format!("`{value}`"))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Lines of `values.schema.json`.
fn schema(section: &str, indent: &str) -> String {
    let lines = in_section(section).map(|(value, rule, chart)| match rule.allowed {
        Allowed::Number { least, most, .. } => {
            let most = chart.most.unwrap_or(most);
            format!(
                "{indent}\"{value}\": {{\"type\": \"integer\", \"minimum\": {least}, \"maximum\": {most}}}"
            )
        }
        Allowed::Word(words) => {
            format!("{indent}\"{value}\": {{\"enum\": [\"{}\"]}}", words.join("\", \""))
        }
        Allowed::Text { .. } => format!("{indent}\"{value}\": {{\"type\": \"string\"}}"),
    });
    lines.collect::<Vec<_>>().join(",\n")
}

/// The names of values that are settings of the cluster, for the templates.
fn settings_template() -> String {
    let names: Vec<_> = in_section("").map(|(value, ..)| format!("\"{value}\"")).collect();
    format!("{{{{- define \"understudy.settings\" -}}}}\n[{}]\n{{{{- end }}}}\n", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_option_with_its_variable_and_default() {
        let table = options_table();
        let line = "| `--drop-ms MS` | `UNDERSTUDY_DROP_MS` | `700` |";
        assert!(table.contains(line), "{table}");
        for line in table.lines().skip(2) {
            let flag = line.split(['`', ' ']).find(|word| word.starts_with("--")).unwrap();
            let variable = format!("UNDERSTUDY_{}", flag[2..].to_uppercase().replace('-', "_"));
            assert!(line.contains(&format!("`{variable}`")), "{line}");
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
    }

    #[test]
    fn every_rule_is_that_of_a_flag_and_a_value_of_the_chart_reads_its_variable() {
        for rule in RULES {
            let option = rule.option;
            assert!(flags().iter().any(|flag| flag.get_long() == Some(option)), "{option}");
            rule.check(&rule.default()).unwrap();
            // The templates make the variable's name of the value's: dropMs is UNDERSTUDY_DROP_MS.
            let Some(value) = rule.chart.as_ref().map(|chart| chart.value) else { continue };
            let value = value.rsplit('.').next().unwrap_or(value);
            let spelt = value.chars().flat_map(|c| match c.is_uppercase() {
                true => vec!['-', c.to_ascii_lowercase()],
                false => vec![c],
            });
            assert_eq!(spelt.collect::<String>(), option);
        }
    }

    #[test]
    fn in_the_chart_an_option_is_called_by_its_value() {
        let text = values("timing", "  ");
        assert!(text.contains("milliseconds; above `dropMs`\n  promoteMs: 1500\n"), "{text}");
        assert!(text.contains("  lingerMs: 2000"), "{text}");
    }
}
