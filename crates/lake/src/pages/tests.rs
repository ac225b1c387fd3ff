use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;
use crate::parquets;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn file(fields: Vec<Field>, columns: impl FnOnce(&[ColumnDescPtr]) -> Vec<Chunk>) -> Bytes {
    let writer = ArrowWriter::try_new(Vec::new(), Arc::new(Schema::new(fields)), None).unwrap();
    let (mut file, _) = writer.into_serialized_writer().unwrap();
    let chunks = columns(file.schema_descr().columns());
    let mut group = file.next_row_group().unwrap();
    for chunk in chunks {
        group.append_column(&chunk.bytes, chunk.close).unwrap();
    }
    group.close().unwrap();
    file.finish().unwrap();
    Bytes::from(std::mem::take(file.inner_mut()))
}

fn read(body: Bytes) -> RecordBatch {
    let batches = parquets::decode(body).unwrap();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// One optional column of each kind; in each of so many rows there is a value when the dice say so.
fn round_trip(rows: usize, one_in: u64, dice: &mut Dice, text: impl Fn(&mut Dice) -> String, long: impl Fn(&mut Dice) -> i64) {
    let has: Vec<bool> = (0..rows).map(|row| if one_in == 0 { row % 3000 < 1500 } else { dice.below(one_in) == 0 }).collect();
    let mut present = Present::new(rows);
    has.iter().enumerate().filter(|(_, has)| **has).for_each(|(row, _)| assert!(present.set(row)));
    let count = has.iter().filter(|has| **has).count();
    let texts: Vec<String> = (0..count).map(|_| text(dice)).collect();
    let longs: Vec<i64> = (0..count).map(|_| long(dice)).collect();
    let ints: Vec<i32> = longs.iter().map(|long| *long as i32).collect();
    let bools: Vec<bool> = longs.iter().map(|long| long % 2 == 0).collect();
    let mut distinct: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let numbers = texts.iter().map(|text| distinct.binary_search(&text.as_bytes()).unwrap() as u32).collect();
    let all = [
        (DataType::Utf8, Values::Words(numbers, Distinct::Bytes(distinct.clone())), Range::Chunk),
        (DataType::Utf8, Values::Bytes(texts.iter().map(|text| text.as_bytes()).collect()), Range::Chunk),
        (DataType::Int64, Values::Longs(&longs), Range::Pages),
        (DataType::Int32, Values::Ints(&ints), Range::Untold),
        (DataType::Boolean, Values::Bools(&bools), Range::Chunk),
    ];
    let fields = all.iter().enumerate().map(|(at, (kind, _, _))| Field::new(at.to_string(), kind.clone(), true)).collect();
    let body = file(fields, |descriptions| {
        let mut encoder = Encoder::new(1).unwrap();
        let columns = all.into_iter().zip(descriptions).map(|((_, values, range), description)| Column {
            description: Arc::clone(description),
            rows,
            present: Some(&present),
            values,
            bloom: true,
            range,
        });
        columns.map(|column| encoder.encode(&column).unwrap()).collect()
    });
    let reader = SerializedFileReader::new(body.clone()).unwrap();
    let statistics = reader.metadata().row_group(0).column(0).statistics().unwrap();
    assert_eq!(statistics.null_count_opt(), Some((rows - count) as u64));
    if let Some((least, most)) = distinct.first().zip(distinct.last()) {
        assert!(statistics.min_bytes_opt().unwrap() <= *least && statistics.max_bytes_opt().unwrap() >= *most);
        assert!(statistics.min_bytes_opt().unwrap().len() <= 64 && statistics.max_bytes_opt().unwrap().len() <= 64);
    }
    let batch = read(body);
    fn spread<T: Clone>(has: &[bool], values: &[T]) -> Vec<Option<T>> {
        let mut values = values.iter().cloned();
        has.iter().map(|has| if *has { values.next() } else { None }).collect()
    }
    let texts: ArrayRef = Arc::new(StringArray::from(spread(&has, &texts)));
    let expected: [ArrayRef; 5] = [
        Arc::clone(&texts),
        texts,
        Arc::new(Int64Array::from(spread(&has, &longs))),
        Arc::new(Int32Array::from(spread(&has, &ints))),
        Arc::new(BooleanArray::from(spread(&has, &bools))),
    ];
    for (at, expected) in expected.iter().enumerate() {
        assert_eq!(batch.column(at), expected, "column {at}, {rows} rows, one in {one_in}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut dice = Dice(20_141_107);
    for rows in [1, 7, 8, 63, 64, 65, 129, 1_000, 20_480, 20_481, 45_001] {
        for one_in in [0, 1, 2, 50, 1_000_000] {
            round_trip(rows, one_in, &mut dice, |dice| dice.below(3).to_string().repeat(40), |dice| dice.below(9) as i64);
            let wild = |dice: &mut Dice| dice.below(u64::MAX) as i64;
            round_trip(rows, one_in, &mut dice, |dice| format!("{:x}é", dice.below(700)), wild);
        }
    }
}

#[test]
fn long_texts_make_short_pages() {
    let mut dice = Dice(7);
    round_trip(2_000, 1, &mut dice, |dice| "x".repeat(dice.below(9_000) as usize), |dice| -(dice.below(1 << 40) as i64));
}

#[test]
fn runs_and_packed_numbers_alternate() {
    let mut dice = Dice(3);
    let numbers: Vec<u32> = (0..400).flat_map(|_| vec![dice.below(5) as u32; dice.below(30) as usize]).collect();
    let words: Vec<String> = (0..5).map(|n| n.to_string()).collect();
    let distinct = || Distinct::Bytes(words.iter().map(|word| word.as_bytes()).collect());
    let body = file(vec![Field::new("a", DataType::Utf8, false)], |descriptions| {
        let (rows, description) = (numbers.len(), Arc::clone(&descriptions[0]));
        let values = Values::Words(numbers.clone(), distinct());
        let column = Column { description, rows, present: None, values, bloom: false, range: Range::Chunk };
        vec![Encoder::new(1).unwrap().encode(&column).unwrap()]
    });
    let batch = read(body);
    let array = batch.column(0).as_string::<i32>();
    assert!((0..array.len()).all(|at| array.value(at) == words[numbers[at] as usize]));
}
