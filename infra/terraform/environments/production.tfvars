# For people: recommend and collect are kept warm, and a training has as long as it needs.
environment   = "production"
public        = ["collect", "recommend"]
min_instances = { collect = 1, recommend = 1 }
max_instances = 50
train_minutes = 90
train_cpu     = 8
train_memory  = "16Gi"
budget        = 300
