//! Columns of an append as Parquet column chunks, made by hand.
//!
//! Parquet's own writer takes whole arrays: it hashes every value, compares every value, and looks at every null. Here values come
//! as numbers of a dictionary and rows as bits, so that hashing, comparing, bloom filters and statistics meet each distinct value once.
//! What is written is plain Parquet; headers, footer and indexes are still written by the library.

mod delta;
mod levels;
mod statistics;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, EncodingMask, PageType, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

pub(crate) use levels::Present;
use levels::{WORD_ROWS, hybrid};
pub(crate) use statistics::Range;

use crate::error::LakeError;
use crate::limits::{PAGE_BYTES, PAGE_ROWS_MAX};
use statistics::Pages;

/// The values of a column, those rows left out that have none.
pub(crate) enum Values<'a> {
    /// Numbers of distinct values.
    Words(Vec<u32>, Distinct<'a>),
    /// Text, its lengths apart from its bytes.
    Bytes(Vec<&'a [u8]>),
    /// 64-bit numbers as differences.
    Longs(&'a [i64]),
    /// 32-bit numbers as differences.
    Ints(&'a [i32]),
    /// Bits.
    Bools(&'a [bool]),
}

/// Distinct values in the order of their numbers.
pub(crate) enum Distinct<'a> {
    /// Text.
    Bytes(Vec<&'a [u8]>),
    /// 64-bit numbers.
    Longs(Vec<i64>),
}

/// A column on its way into a file.
pub(crate) struct Column<'a> {
    /// What Parquet's schema says about it.
    pub(crate) description: ColumnDescPtr,
    /// Rows, with and without a value.
    pub(crate) rows: usize,
    /// Which rows have a value; `None` where all must.
    pub(crate) present: Option<&'a Present>,
    /// Their values.
    pub(crate) values: Values<'a>,
    /// Whether a bloom filter is asked for.
    pub(crate) bloom: bool,
    /// Which extremes are told.
    pub(crate) range: Range,
}

/// A column chunk that is done.
pub(crate) struct Chunk {
    /// Its pages.
    pub(crate) bytes: Bytes,
    /// What the footer says about it.
    pub(crate) close: ColumnCloseResult,
}

/// What one thread uses again and again.
pub(crate) struct Encoder {
    compressor: zstd::bulk::Compressor<'static>,
    body: Vec<u8>,
    compressed: Vec<u8>,
}

/// A column chunk that is being written.
struct Writing {
    sink: TrackedWrite<Vec<u8>>,
    offsets: OffsetIndexBuilder,
    dictionary_offset: Option<i64>,
    data_offset: Option<i64>,
    compressed_bytes: usize,
    uncompressed_bytes: usize,
    encodings: Vec<PageEncodingStats>,
}

/// Part of a column that becomes one page.
struct Part {
    row: usize,
    rows: usize,
    value: usize,
    values: usize,
}

impl Encoder {
    /// An encoder at a level of zstd.
    pub(crate) fn new(level: i32) -> Result<Encoder, LakeError> {
        let compressor = zstd::bulk::Compressor::new(level).map_err(parquet::errors::ParquetError::from)?;
        Ok(Encoder { compressor, body: Vec::new(), compressed: Vec::new() })
    }

    /// Encodes a column.
    pub(crate) fn encode(&mut self, column: &Column) -> Result<Chunk, LakeError> {
        let mut writing = Writing::new();
        if let Values::Words(_, distinct) = &column.values {
            self.dictionary(distinct, &mut writing)?;
        }
        let mut pages = Pages::new(column);
        let (mut row, mut value) = (0, 0);
        while row < column.rows {
            let part = column.part(row, value);
            (row, value) = (row + part.rows, value + part.values);
            self.data_page(column, &part, &mut writing)?;
            pages.add(column, &part);
        }
        writing.close(column, pages)
    }

    fn dictionary(&mut self, distinct: &Distinct, writing: &mut Writing) -> Result<(), LakeError> {
        self.body.clear();
        match distinct {
            Distinct::Bytes(values) => {
                for value in values {
                    self.body.extend_from_slice(&(value.len() as u32).to_le_bytes());
                    self.body.extend_from_slice(value);
                }
            }
            Distinct::Longs(values) => self.body.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
        let buf = self.compress()?;
        let num_values = distinct.len() as u32;
        let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
        writing.dictionary_offset = Some(0);
        writing.page(CompressedPage::new(page, self.body.len())).map(|_| ())
    }

    fn data_page(&mut self, column: &Column, part: &Part, writing: &mut Writing) -> Result<(), LakeError> {
        self.body.clear();
        if let Some(present) = column.present {
            present.write(part.row / WORD_ROWS, part.rows, &mut self.body);
        }
        column.values.write(part, &mut self.body);
        let page = Page::DataPage {
            buf: self.compress()?,
            num_values: part.rows as u32,
            encoding: column.values.encoding(),
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let (offset, size) = writing.page(CompressedPage::new(page, self.body.len()))?;
        writing.data_offset.get_or_insert(offset);
        writing.offsets.append_row_count(part.rows as i64);
        writing.offsets.append_offset_and_size(offset, size as i32);
        Ok(())
    }

    fn compress(&mut self) -> Result<Bytes, LakeError> {
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(self.body.len()));
        let compressed = self.compressor.compress_to_buffer(&self.body, &mut self.compressed);
        compressed.map_err(parquet::errors::ParquetError::from)?;
        Ok(Bytes::copy_from_slice(&self.compressed))
    }
}

impl Column<'_> {
    /// The rows from `row` on that fit into a page; they end where a word of bits ends.
    fn part(&self, row: usize, value: usize) -> Part {
        let mut part = Part { row, rows: 0, value, values: 0 };
        let mut bytes = 0;
        while row + part.rows < self.rows && part.rows < PAGE_ROWS_MAX && bytes < PAGE_BYTES {
            let rows = WORD_ROWS.min(self.rows - row - part.rows);
            let values = self.present.map_or(rows, |present| present.count((row + part.rows) / WORD_ROWS));
            if let Values::Bytes(all) = &self.values {
                let from = value + part.values;
                bytes += all.get(from..from + values).unwrap_or_default().iter().map(|value| value.len()).sum::<usize>();
            }
            part.rows += rows;
            part.values += values;
        }
        part
    }
}

impl Values<'_> {
    /// How many there are.
    fn len(&self) -> usize {
        match self {
            Values::Words(numbers, _) => numbers.len(),
            Values::Bytes(values) => values.len(),
            Values::Longs(values) => values.len(),
            Values::Ints(values) => values.len(),
            Values::Bools(values) => values.len(),
        }
    }

    fn encoding(&self) -> Encoding {
        match self {
            Values::Words(..) => Encoding::RLE_DICTIONARY,
            Values::Bytes(_) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Values::Longs(_) | Values::Ints(_) => Encoding::DELTA_BINARY_PACKED,
            Values::Bools(_) => Encoding::PLAIN,
        }
    }

    fn write(&self, part: &Part, out: &mut Vec<u8>) {
        let range = part.value..part.value + part.values;
        match self {
            Values::Words(numbers, distinct) => {
                let width = usize::BITS - distinct.len().saturating_sub(1).leading_zeros();
                out.push(width as u8);
                hybrid(numbers.get(range).unwrap_or_default(), width, out);
            }
            Values::Bytes(values) => {
                let values = values.get(range).unwrap_or_default();
                delta::write(values.iter().map(|value| value.len() as i32), out);
                values.iter().for_each(|value| out.extend_from_slice(value));
            }
            Values::Longs(values) => delta::write(values.get(range).unwrap_or_default().iter().copied(), out),
            Values::Ints(values) => delta::write(values.get(range).unwrap_or_default().iter().copied(), out),
            Values::Bools(values) => {
                let values = values.get(range).unwrap_or_default();
                levels::pack(values.iter().map(|value| u64::from(*value)), 1, values.len().next_multiple_of(8), out);
            }
        }
    }

    /// A filter of the values, each of them put in once.
    fn bloom(&self) -> Result<Option<Sbbf>, LakeError> {
        let distinct = match self {
            Values::Words(_, Distinct::Bytes(values)) | Values::Bytes(values) => values,
            _ => return Ok(None),
        };
        let mut bloom = Sbbf::new_with_ndv_fpp(distinct.len().max(1) as u64, 0.01)?;
        distinct.iter().for_each(|value| bloom.insert(*value));
        Ok(Some(bloom))
    }
}

impl Distinct<'_> {
    fn len(&self) -> usize {
        match self {
            Distinct::Bytes(values) => values.len(),
            Distinct::Longs(values) => values.len(),
        }
    }
}

impl Writing {
    fn new() -> Writing {
        Writing {
            sink: TrackedWrite::new(Vec::new()),
            offsets: OffsetIndexBuilder::new(),
            dictionary_offset: None,
            data_offset: None,
            compressed_bytes: 0,
            uncompressed_bytes: 0,
            encodings: Vec::new(),
        }
    }

    /// Writes a page; returns where it is and how long.
    fn page(&mut self, page: CompressedPage) -> Result<(i64, usize), LakeError> {
        let (page_type, encoding) = (page.page_type(), page.encoding());
        let written = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.compressed_bytes += written.compressed_size;
        self.uncompressed_bytes += written.uncompressed_size;
        match self.encodings.last_mut().filter(|last| last.page_type == page_type) {
            Some(last) => last.count += 1,
            None => self.encodings.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
        Ok((written.offset as i64, written.compressed_size))
    }

    fn close(self, column: &Column, pages: Pages) -> Result<Chunk, LakeError> {
        let level_encoding = column.present.map(|_| Encoding::RLE);
        let mut encodings: Vec<Encoding> = self.encodings.iter().map(|stats| stats.encoding).chain(level_encoding).collect();
        encodings
            .extend(self.encodings.iter().any(|stats| stats.page_type == PageType::DICTIONARY_PAGE).then_some(Encoding::PLAIN));
        let (statistics, column_index) = pages.finish(column)?;
        let metadata = ColumnChunkMetaData::builder(column.description.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(self.encodings)
            .set_total_compressed_size(self.compressed_bytes as i64)
            .set_total_uncompressed_size(self.uncompressed_bytes as i64)
            .set_num_values(column.rows as i64)
            .set_data_page_offset(self.data_offset.unwrap_or(0))
            .set_dictionary_page_offset(self.dictionary_offset)
            .set_statistics(statistics)
            .build()?;
        let bytes = Bytes::from(self.sink.into_inner()?);
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: column.rows as u64,
            metadata,
            bloom_filter: if column.bloom { column.values.bloom()? } else { None },
            column_index,
            offset_index: Some(self.offsets.build()),
        };
        Ok(Chunk { bytes, close })
    }
}

#[cfg(test)]
mod tests;
