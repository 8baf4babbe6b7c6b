//! The text's grammar: SQL's conditions as MySQL writes them, with `STARTS_WITH`.
#![expect(clippy::wildcard_enum_match_arm, reason = "sqlparser's enums are not ours, and grow")]

use std::any::TypeId;

use sqlparser::{
    ast::{BinaryOperator, Expr, OrderByExpr},
    dialect::{Dialect, MySqlDialect, Precedence},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::Token,
};

use crate::error::InvalidQuery;

/// The operator that SQL does not have.
pub(crate) const STARTS_WITH: &str = "STARTS_WITH";
pub(crate) const NOT_STARTS_WITH: &str = "NOT STARTS_WITH";

/// A parsed query.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) filter: Option<Expr>,
    pub(crate) group_by: Vec<Expr>,
    pub(crate) order_by: Vec<OrderByExpr>,
}

/// What `a AND b AND c` joins, in its order. It is parsed leaning to the left, and a long one must not fill
/// the stack.
pub(crate) fn operands<'a>(chain: &'a Expr, op: &BinaryOperator) -> Vec<&'a Expr> {
    let (mut operands, mut rest) = (Vec::new(), chain);
    while let Expr::BinaryOp { left, op: same, right } = rest
        && same == op
    {
        operands.push(&**right);
        rest = left;
    }
    operands.push(rest);
    operands.reverse();
    operands
}

/// Parses what stands behind `WHERE` in Temporal's server: a condition and clauses, all of them optional.
pub(crate) fn parse(text: &str) -> Result<Parsed, InvalidQuery> {
    let malformed = |error: ParserError| {
        InvalidQuery::Malformed(match error {
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
            ParserError::RecursionLimitExceeded => "expressions nest too deeply".to_owned(),
        })
    };
    let mut parser = Parser::new(&FilterDialect).try_with_sql(text).map_err(malformed)?;
    let mut parsed = Parsed::default();
    if !begins_clause(&parser) {
        parsed.filter = Some(parser.parse_expr().map_err(malformed)?);
    }
    if parser.parse_keywords(&[Keyword::GROUP, Keyword::BY]) {
        parsed.group_by = parser.parse_comma_separated(Parser::parse_expr).map_err(malformed)?;
    }
    if parser.parse_keywords(&[Keyword::ORDER, Keyword::BY]) {
        parsed.order_by =
            parser.parse_comma_separated(Parser::parse_order_by_expr).map_err(malformed)?;
    }
    if parser.peek_keyword(Keyword::LIMIT) {
        return Err(InvalidQuery::Unsupported("'LIMIT' clause".to_owned()));
    }
    let _ = parser.consume_token(&Token::SemiColon);
    match parser.next_token().token {
        Token::EOF => Ok(parsed),
        token => Err(InvalidQuery::Malformed(format!("syntax error near '{token}'"))),
    }
}

fn begins_clause(parser: &Parser<'_>) -> bool {
    let Token::Word(word) = &parser.peek_token_ref().token else {
        return matches!(parser.peek_token_ref().token, Token::EOF | Token::SemiColon);
    };
    matches!(word.keyword, Keyword::GROUP | Keyword::ORDER | Keyword::LIMIT)
}

/// MySQL's lexical rules (backticks, both quotes, backslashes), and one operator more.
#[derive(Debug)]
struct FilterDialect;

impl FilterDialect {
    /// The operator that comes next, if it is ours, and how many tokens it is.
    fn starts_with(parser: &Parser<'_>) -> Option<(&'static str, usize)> {
        let is = |token: &Token| {
            matches!(token, Token::Word(word)
                if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(STARTS_WITH))
        };
        match &parser.peek_nth_token_ref(0).token {
            token if is(token) => Some((STARTS_WITH, 1)),
            Token::Word(word) if word.keyword == Keyword::NOT => {
                is(&parser.peek_nth_token_ref(1).token).then_some((NOT_STARTS_WITH, 2))
            }
            _ => None,
        }
    }
}

impl Dialect for FilterDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<MySqlDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        false
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        Self::starts_with(parser).map(|_| Ok(self.prec_value(Precedence::Like)))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        let (operator, tokens) = Self::starts_with(parser)?;
        for _ in 0..tokens {
            parser.next_token();
        }
        Some(parser.parse_subexpr(precedence).map(|right| Expr::BinaryOp {
            left: Box::new(expr.clone()),
            op: BinaryOperator::Custom(operator.to_owned()),
            right: Box::new(right),
        }))
    }
}
