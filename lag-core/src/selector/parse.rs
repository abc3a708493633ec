//! From text to requirements. Corner cases follow the original: `a=` and `a in ()` ask for the empty value, `in` and
//! `notin` are names wherever no operator can stand, and a second comma in a list is one more empty value, but not at
//! its end.

use super::{InvalidSelector, Operator, Requirement, Selector, invalid::shown};
use crate::label::{key_fault, value_fault};
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    End,
    Symbol(&'t str),
    /// Keys, values, and the operators that are words.
    Word(&'t str),
}

const COMMA: Token<'_> = Token::Symbol(",");
const OPEN: Token<'_> = Token::Symbol("(");
const CLOSE: Token<'_> = Token::Symbol(")");
const NOT: Token<'_> = Token::Symbol("!");

impl<'t> Token<'t> {
    fn text(self) -> &'t str {
        match self {
            Self::End => "",
            Self::Symbol(text) | Self::Word(text) => text,
        }
    }

    fn shown(self) -> String {
        shown(self.text())
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_symbol(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// The token at the beginning of a text, and what follows it.
fn split(text: &str) -> (Token<'_>, &str) {
    let text = text.trim_start_matches(is_space);
    let length = if text.starts_with("==") || text.starts_with("!=") {
        2
    } else if text.starts_with(is_symbol) {
        1
    } else {
        let end = text.find(|character| is_space(character) || is_symbol(character));
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        let token = if word.is_empty() {
            Token::End
        } else {
            Token::Word(word)
        };
        return (token, rest);
    };
    let (symbol, rest) = text.split_at(length);
    (Token::Symbol(symbol), rest)
}

struct Parser<'t> {
    next: Token<'t>,
    rest: &'t str,
    /// How many more values are read.
    values_left: usize,
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let (next, rest) = split(text);
        let mut parser = Parser {
            next,
            rest,
            values_left: Self::MAX_VALUES,
        };
        let mut requirements = parser.requirements()?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements })
    }
}

impl<'t> Parser<'t> {
    fn take(&mut self) -> Token<'t> {
        let taken = self.next;
        (self.next, self.rest) = split(self.rest);
        taken
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, InvalidSelector> {
        let between = |found: Token<'_>, expected| {
            let found = found.shown();
            Err(InvalidSelector::Between { found, expected })
        };
        let begins = |token| token == NOT || matches!(token, Token::Word(_));
        let mut requirements = Vec::new();
        if self.next == Token::End {
            return Ok(requirements);
        }
        if !begins(self.next) {
            return between(self.next, "!, identifier, or 'end of string'");
        }
        loop {
            if requirements.len() == Selector::MAX_REQUIREMENTS {
                return Err(InvalidSelector::TooLarge);
            }
            requirements.push(self.requirement()?);
            match self.take() {
                Token::End => return Ok(requirements),
                COMMA if begins(self.next) => {}
                COMMA => return between(self.next, "identifier after ','"),
                other => return between(other, "',' or 'end of string'"),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, InvalidSelector> {
        let absent = self.next == NOT;
        if absent {
            self.take();
        }
        let key = match self.take() {
            Token::Word(key) => key,
            other => return within(other, "identifier"),
        };
        if let Some(why) = key_fault(key) {
            let key = shown(key);
            return Err(InvalidSelector::Key { key, why });
        }
        let ends = self.next == Token::End || self.next == COMMA;
        let (operator, mut values) = if absent {
            (Operator::DoesNotExist, Vec::new())
        } else if ends {
            (Operator::Exists, Vec::new())
        } else {
            let operator = self.operator()?;
            let values = if matches!(operator, Operator::In | Operator::NotIn) {
                self.list()?
            } else {
                vec![self.exact()?]
            };
            (operator, values)
        };
        self.values_left = self
            .values_left
            .checked_sub(values.len())
            .ok_or(InvalidSelector::TooLarge)?;
        values.sort_unstable();
        values.dedup();
        check(key, operator, &values)?;
        Ok(Requirement {
            key: key.into(),
            operator,
            values: values.into_iter().map(String::from).collect(),
        })
    }

    fn operator(&mut self) -> Result<Operator, InvalidSelector> {
        let token = self.take();
        Ok(match token.text() {
            "=" => Operator::Equals,
            "==" => Operator::DoubleEquals,
            "!=" => Operator::NotEquals,
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            ">" => Operator::GreaterThan,
            "<" => Operator::LessThan,
            _ => return within(token, "in, notin, =, ==, !=, gt, lt"),
        })
    }

    fn exact(&mut self) -> Result<&'t str, InvalidSelector> {
        if self.next == Token::End || self.next == COMMA {
            return Ok("");
        }
        match self.take() {
            Token::Word(value) => Ok(value),
            other => within(other, "identifier"),
        }
    }

    fn list(&mut self) -> Result<Vec<&'t str>, InvalidSelector> {
        match self.take() {
            OPEN => {}
            other => return within(other, "'('"),
        }
        let mut values = Vec::new();
        if self.next == CLOSE {
            self.take();
            return Ok(vec![""]);
        }
        loop {
            match self.take() {
                Token::Word(value) => {
                    values.push(value);
                    if self.next != COMMA && self.next != CLOSE {
                        return within(self.next, "',' or ')'");
                    }
                }
                COMMA => {
                    if values.is_empty() {
                        values.push("");
                    }
                    if self.next == COMMA {
                        self.take();
                        values.push("");
                        continue; // not at the end, even of the original
                    } else if self.next == CLOSE {
                        values.push("");
                    }
                }
                other => return within(other, "',', or identifier"),
            }
            if self.next == CLOSE {
                self.take();
                return Ok(values);
            }
        }
    }
}

fn within<T>(found: Token<'_>, expected: &'static str) -> Result<T, InvalidSelector> {
    let found = found.shown();
    Err(InvalidSelector::Within { found, expected })
}

fn check(key: &str, operator: Operator, values: &[&str]) -> Result<(), InvalidSelector> {
    for value in values {
        let is_order = matches!(operator, Operator::GreaterThan | Operator::LessThan);
        if is_order && value.parse::<i64>().is_err() {
            return Err(InvalidSelector::Integer(shown(value)));
        }
        if let Some(why) = value_fault(value) {
            return Err(InvalidSelector::Value {
                key: key.into(),
                value: (*value).into(),
                why,
            });
        }
    }
    Ok(())
}
