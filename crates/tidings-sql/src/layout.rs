//! The tables, which files make them, and whether they are those that this version knows.

use sqlx::Pool;

use crate::database::{Argument, Backend, Database, Driver, Sealed, Statements};
use crate::{inbox, outbox};

/// A file of `migrations/`, which makes one version of a part of the tables.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Part of the tables: `outbox` or `inbox`.
    pub(crate) part: &'static str,
    /// Version of that part which it makes.
    pub(crate) version: i32,
    /// Name of the file, without its ending.
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Tables of the database are not those that this version of the crate knows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The tables are missing.
    #[error(
        "the database has no {part}: run the migration `{migration}`, with `tidings_sql::migrate(&pool)` or `sqlx migrate run`"
    )]
    Missing {
        /// Missing part of the tables: `outbox` or `inbox`.
        part: &'static str,
        /// Name of the migration that makes them.
        migration: &'static str,
    },
    /// The tables are of an older version.
    #[error(
        "the database's {part} has layout {found}, and {known} is needed: run the migration `{migration}`, with `tidings_sql::migrate(&pool)` or `sqlx migrate run`"
    )]
    Older {
        /// Part of the tables.
        part: &'static str,
        /// Version of the tables.
        found: i32,
        /// Version that this crate knows.
        known: i32,
        /// Name of the first migration that is not done.
        migration: &'static str,
    },
    /// The tables are of a newer version: another program, with a newer version of this crate, has migrated
    /// them.
    #[error(
        "the database's {part} has layout {found}, and this program knows {known}: it needs the version of tidings-sql that made it"
    )]
    Newer {
        /// Part of the tables.
        part: &'static str,
        /// Version of the tables.
        found: i32,
        /// Version that this crate knows.
        known: i32,
    },
    /// The tables say that they are of this version, and are not.
    #[error(
        "the database's {part} says that it has layout {version}, and is not as the migrations make it: {source}"
    )]
    Different {
        /// Part of the tables.
        part: &'static str,
        /// Version of the tables.
        version: i32,
        /// Error of reading them.
        source: sqlx::Error,
    },
    /// The database can't be asked.
    #[error("the database can't be asked for the layout of its tables: {0}")]
    Database(#[source] sqlx::Error),
}

/// Makes the tables of outbox and inbox where they are missing or older, in one transaction; several programs
/// may do so at a time. `sqlx migrate run` does the same with the files in the crate's folder `migrations/`.
///
/// # Errors
/// [`LayoutError::Database`], [`LayoutError::Newer`] where a newer version of the crate was here before.
pub async fn migrate<Db: Database>(pool: &Pool<Db>) -> Result<(), LayoutError> {
    run::<Db>(pool).await.map_err(LayoutError::Database)?;
    for part in [outbox::PART, inbox::PART] {
        check::<Db>(pool, part).await?;
    }
    Ok(())
}

type Of<Db> = <Db as Sealed>::Backend;

/// Runs the migrations that are not done, one program at a time.
async fn run<Db: Database>(pool: &Pool<Db>) -> sqlx::Result<()> {
    let mut tx = Of::<Db>::begin(pool).await?;
    if let Some(migrating) = statements::<Db>().migrating {
        Of::<Db>::fetch(&mut tx, migrating, &[]).await?;
    }
    for migration in Of::<Db>::MIGRATIONS {
        if found::<Db>(&mut tx, migration.part).await? < migration.version {
            Of::<Db>::run_file(&mut tx, migration.sql).await?;
        }
    }
    tx.commit().await
}

fn statements<Db: Database>() -> &'static Statements {
    <Of<Db> as Backend<Db>>::STATEMENTS
}

/// Version of a part of the tables; 0 where there is none.
async fn found<Db: Database>(
    connection: &mut Db::Connection,
    part: &'static str,
) -> sqlx::Result<i32> {
    let Statements { has_layout, layout, .. } = statements::<Db>();
    if Of::<Db>::number(connection, has_layout, &[]).await?.unwrap_or(0) == 0 {
        return Ok(0);
    }
    let version = Of::<Db>::number(connection, layout, &[Argument::Text(part)]).await?;
    Ok(version.map_or(0, |version| i32::try_from(version).unwrap_or(i32::MAX)))
}

/// Checks whether a part of the tables is the one that is known here.
pub(crate) async fn check<Db: Database>(
    pool: &Pool<Db>,
    part: &'static str,
) -> Result<(), LayoutError> {
    let mut connection = pool.acquire().await.map_err(LayoutError::Database)?;
    let found = found::<Db>(&mut connection, part).await.map_err(LayoutError::Database)?;
    let of_part = || Of::<Db>::MIGRATIONS.iter().filter(|migration| migration.part == part);
    let known = of_part().map(|migration| migration.version).max().unwrap_or(0);
    if let Some(next) = of_part().find(|migration| migration.version > found) {
        let migration = next.name;
        return Err(match found {
            0 => LayoutError::Missing { part, migration },
            found => LayoutError::Older { part, found, known, migration },
        });
    }
    if found > known {
        return Err(LayoutError::Newer { part, found, known });
    }
    let all = statements::<Db>();
    let probe = if part == inbox::PART { all.probe_inbox } else { all.probe };
    let probed = Of::<Db>::fetch(&mut connection, probe, &[]).await;
    probed.map(drop).map_err(|source| LayoutError::Different { part, version: found, source })
}
