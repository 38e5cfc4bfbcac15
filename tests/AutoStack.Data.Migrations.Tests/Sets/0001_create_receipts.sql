CREATE TABLE receipts (id bigint CONSTRAINT receipts_pkey PRIMARY KEY);
