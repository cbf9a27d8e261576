//! Running a statement, in every database alike.

use sqlx::{ColumnIndex, Decode, Encode, Executor, IntoArguments, Row as _, Type};

use super::Backend;
use crate::row::{QueuedRow, age_of};

/// An argument of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    Number(i64),
    Text(&'a str),
}

/// The ways of running a statement.
pub trait Driver<Db: sqlx::Database> {
    /// Runs a statement; gives the number of rows that it changed.
    fn execute(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs a statement; gives the rows that it finds.
    fn fetch(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<Db::Row>>> + Send;

    /// Runs a statement that gives one number, or none.
    fn number(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> impl Future<Output = sqlx::Result<Option<i64>>> + Send;

    /// Runs a statement that gives one text, or none.
    fn text(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;

    /// Runs a file of statements.
    fn run_file(
        connection: &mut Db::Connection,
        file: &'static str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// The number in a column.
    fn number_in(row: &Db::Row, column: usize) -> sqlx::Result<Option<i64>>;

    /// The text in a column.
    fn text_in(row: &Db::Row, column: usize) -> sqlx::Result<String>;

    /// A row that is to be sent.
    fn queued(row: &Db::Row) -> sqlx::Result<QueuedRow>;
}

impl<Db, B> Driver<Db> for B
where
    B: Backend<Db>,
    Db: sqlx::Database,
    Db::Arguments: IntoArguments<Db>,
    for<'c> &'c mut Db::Connection: Executor<'c, Database = Db>,
    for<'q> &'q str: Encode<'q, Db>,
    str: Type<Db>,
    for<'q> i64: Encode<'q, Db> + Decode<'q, Db> + Type<Db>,
    for<'q> String: Decode<'q, Db> + Type<Db>,
    for<'q> Vec<u8>: Decode<'q, Db> + Type<Db>,
    usize: ColumnIndex<Db::Row>,
{
    async fn execute(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> sqlx::Result<u64> {
        let mut query = sqlx::query::<Db>(statement);
        for argument in arguments {
            query = match *argument {
                Argument::Number(number) => query.bind(number),
                Argument::Text(text) => query.bind(text),
            };
        }
        Ok(B::changed(&query.execute(connection).await?))
    }

    async fn fetch(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> sqlx::Result<Vec<Db::Row>> {
        let mut query = sqlx::query::<Db>(statement);
        for argument in arguments {
            query = match *argument {
                Argument::Number(number) => query.bind(number),
                Argument::Text(text) => query.bind(text),
            };
        }
        query.fetch_all(connection).await
    }

    async fn number(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> sqlx::Result<Option<i64>> {
        let rows = Self::fetch(connection, statement, arguments).await?;
        rows.first().map_or(Ok(None), |row| row.try_get(0))
    }

    async fn text(
        connection: &mut Db::Connection,
        statement: &'static str,
        arguments: &[Argument<'_>],
    ) -> sqlx::Result<Option<String>> {
        let rows = Self::fetch(connection, statement, arguments).await?;
        rows.first().map_or(Ok(None), |row| row.try_get(0))
    }

    async fn run_file(connection: &mut Db::Connection, file: &'static str) -> sqlx::Result<()> {
        connection.execute(sqlx::raw_sql(file)).await.map(drop)
    }

    fn number_in(row: &Db::Row, column: usize) -> sqlx::Result<Option<i64>> {
        row.try_get(column)
    }

    fn text_in(row: &Db::Row, column: usize) -> sqlx::Result<String> {
        row.try_get(column)
    }

    fn queued(row: &Db::Row) -> sqlx::Result<QueuedRow> {
        Ok(QueuedRow {
            id: row.try_get(0)?,
            position: row.try_get(1)?,
            key: row.try_get(2)?,
            stream: row.try_get(3)?,
            subject: row.try_get(4)?,
            headers: row.try_get(5)?,
            payload: row.try_get(6)?,
            age: age_of(row.try_get(7)?),
            behind: row.try_get(8)?,
            retries: row.try_get(9)?,
        })
    }
}
