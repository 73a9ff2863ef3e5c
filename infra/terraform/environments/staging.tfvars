# To try things: small, and quiet. Nothing is kept running, and the data may go.
environment    = "staging"
public         = ["collect", "recommend"]
max_instances  = 3
keep_data      = false
event_days     = 90
train_cpu      = 2
train_memory   = "4Gi"
budget         = 20
latency_p99_ms = { recommend = 2000 }
