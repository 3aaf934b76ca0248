module dedup-shards/second-router

go 1.22
