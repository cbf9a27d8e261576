//! Changes of what is there: deleting, linking, and describing anew.

use uuid::Uuid;

use super::config::chunks_of;
use super::description::{last, subject_of};
use super::error::{ObjectGetError, ObjectPutError};
use super::finish::{Before, Finish};
use super::info::{ObjectInfo, ObjectLink};
use super::insistence::Insistence;
use super::meta::ObjectMeta;
use super::store::Objects;
use super::upload::clear;
use crate::subject::Subject;

impl Objects {
    /// Deletes an object: a marker takes the place of its description, and its chunks are removed. Gives
    /// `false` if there was none. Of a link, only the link is deleted.
    ///
    /// # Errors
    /// [`ObjectPutError`]
    ///
    /// # Cancel safety
    /// Once the marker is sent, it goes on by itself.
    pub async fn delete(&self, name: &str) -> Result<bool, ObjectPutError> {
        let subject = subject_of(&self.store, name)?;
        loop {
            let Some(info) = last(&self.store, &subject).await? else { return Ok(false) };
            let before = Before::of(Some(&info));
            if info.is_deleted {
                // The deletion may have been cut short before the chunks were removed.
                let chunks = Subject::from(chunks_of(self.store.bucket(), &before.nuid));
                clear(&self.store, &chunks).await;
                return Ok(false);
            }
            let info = ObjectInfo { size: 0, chunks: 0, digest: None, is_deleted: true, ..info };
            match self.describe(subject.clone(), info, before).await {
                Err(ObjectPutError::Conflict { .. }) => {}
                deleted => return deleted.map(|_| true),
            }
        }
    }

    /// Removes an object, if it still is what it was, and leaves no marker; `false` where it is not.
    pub(crate) async fn remove_unchanged(
        &self,
        object: &ObjectInfo,
    ) -> Result<bool, ObjectPutError> {
        let subject = subject_of(&self.store, &object.meta.name)?;
        let before = Before::of(Some(object));
        let marker =
            ObjectInfo { size: 0, chunks: 0, digest: None, is_deleted: true, ..object.clone() };
        match self.describe(subject, marker, before).await {
            Ok(marker) => {
                let transport = &self.store.link.transport;
                // The marker names an object that nobody reads by name, and would stay for ever.
                let removed = transport.delete_message(self.store.stream(), marker.revision).await;
                if let Err(fault) = removed {
                    let (store, object) = (self.store.bucket(), &object.meta.name);
                    tracing::debug!(store, object, %fault, "the marker of an object is left");
                }
                Ok(true)
            }
            Err(ObjectPutError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores a link to an object of this or another store, by its description: who gets the link gets
    /// the object. It takes the place of another link, and of no object.
    ///
    /// # Errors
    /// [`ObjectPutError`]; [`ObjectPutError::LinkTarget`] for a link to a link, and
    /// [`ObjectPutError::Exists`] where an object of that name is.
    ///
    /// # Cancel safety
    /// Once it is sent, it goes on by itself.
    pub async fn link(
        &self,
        meta: impl Into<ObjectMeta>,
        to: &ObjectInfo,
    ) -> Result<ObjectInfo, ObjectPutError> {
        let (store, name) = (to.store.clone(), to.meta.name.clone());
        if to.is_deleted || to.link.is_some() {
            return Err(ObjectPutError::LinkTarget { store, name });
        }
        self.put_link(meta.into(), ObjectLink { store, name: Some(name) }).await
    }

    /// Stores a link to another store as such, which has no content.
    ///
    /// # Errors
    /// [`ObjectPutError`]; [`ObjectPutError::Exists`] where an object of that name is.
    ///
    /// # Cancel safety
    /// Once it is sent, it goes on by itself.
    pub async fn link_store(
        &self,
        meta: impl Into<ObjectMeta>,
        to: &Objects,
    ) -> Result<ObjectInfo, ObjectPutError> {
        let link = ObjectLink { store: to.name().to_owned(), name: None };
        self.put_link(meta.into(), link).await
    }

    async fn put_link(
        &self,
        meta: ObjectMeta,
        link: ObjectLink,
    ) -> Result<ObjectInfo, ObjectPutError> {
        let subject = subject_of(&self.store, &meta.name)?;
        let there = last(&self.store, &subject).await?;
        let (store, name) = (self.store.bucket().to_owned(), meta.name.clone());
        if there.as_ref().is_some_and(|there| !there.is_deleted && there.link.is_none()) {
            return Err(ObjectPutError::Exists { store, name });
        }
        let info = self.new_info(ObjectMeta { chunk_size: None, ..meta }, Some(link));
        match self.describe(subject, info, Before::of(there.as_ref())).await {
            Err(ObjectPutError::Conflict { .. }) => Err(ObjectPutError::Exists { store, name }),
            stored => stored,
        }
    }

    /// Describes an object anew: with another description, other metadata and headers, or by another
    /// name. What it holds stays.
    ///
    /// # Errors
    /// [`ObjectPutError`]; [`ObjectPutError::NotFound`] where there is no such object,
    /// [`ObjectPutError::Exists`] where there is one of the new name, and [`ObjectPutError::Conflict`]
    /// where somebody was faster.
    ///
    /// # Cancel safety
    /// An object that is to be renamed may have both names if the future is dropped.
    pub async fn update(
        &self,
        name: &str,
        meta: impl Into<ObjectMeta>,
    ) -> Result<ObjectInfo, ObjectPutError> {
        let (from, meta) = (subject_of(&self.store, name)?, meta.into());
        let to = subject_of(&self.store, &meta.name)?;
        let there = last(&self.store, &from).await?.filter(|there| !there.is_deleted);
        let Some(there) = there else {
            let (store, name) = (self.store.bucket().to_owned(), name.to_owned());
            return Err(ObjectPutError::NotFound { store, name });
        };
        let meta = ObjectMeta { chunk_size: there.meta.chunk_size, ..meta };
        let before = Before::of(Some(&there));
        let info = ObjectInfo { meta, ..there.clone() };
        if to == from {
            return self.describe(from, info, before).await;
        }
        let occupied = last(&self.store, &to).await?;
        let (store, new) = (self.store.bucket().to_owned(), info.meta.name.clone());
        if occupied.as_ref().is_some_and(|occupied| !occupied.is_deleted) {
            return Err(ObjectPutError::Exists { store, name: new });
        }
        let renamed = match self.describe(to, info, Before::of(occupied.as_ref())).await {
            Err(ObjectPutError::Conflict { .. }) => {
                return Err(ObjectPutError::Exists { store, name: new });
            }
            renamed => renamed?,
        };
        // A marker with an identity of its own: who deletes it removes no chunk of the object.
        let marker = ObjectInfo { meta: there.meta, ..self.new_info(ObjectMeta::new(name), None) };
        let marker = ObjectInfo { is_deleted: true, ..marker };
        let before = Before { nuid: String::new(), ..before };
        self.describe(from, marker, before).await?;
        Ok(renamed)
    }

    /// Stores a description in place of one that must still be there.
    async fn describe(
        &self,
        subject: Subject,
        info: ObjectInfo,
        before: Before,
    ) -> Result<ObjectInfo, ObjectPutError> {
        let (store, at) = (self.store.clone(), Some(before.revision));
        Insistence::new(Finish { store, subject, info, before, at, since: None }.run()).await
    }

    fn new_info(&self, meta: ObjectMeta, link: Option<ObjectLink>) -> ObjectInfo {
        ObjectInfo {
            store: self.store.bucket().to_owned(),
            meta,
            nuid: Uuid::now_v7().simple().to_string(),
            size: 0,
            chunks: 0,
            digest: None,
            link,
            revision: 0,
            modified: self.store.link.transport.now(),
            is_deleted: false,
        }
    }

    /// Seals the store for ever: nothing is stored, changed or deleted any more, and each attempt is
    /// [`ObjectPutError::Sealed`]. What is there can be read.
    ///
    /// # Errors
    /// [`ObjectPutError`]
    ///
    /// # Cancel safety
    /// If the future is dropped, the store may have been sealed.
    pub async fn seal(&self) -> Result<(), ObjectPutError> {
        let (transport, store) = (&self.store.link.transport, self.store.bucket());
        let config = transport.stream(self.store.stream()).await;
        let config = config.map_err(|fault| ObjectGetError::of(fault, store))?;
        let Some(mut config) = config else {
            return Err(ObjectPutError::NoStore { store: store.to_owned() });
        };
        config.sealed = true;
        let sealed = transport.update_stream(&config).await;
        sealed.map_err(|fault| ObjectPutError::of(fault, store, ""))
    }
}
