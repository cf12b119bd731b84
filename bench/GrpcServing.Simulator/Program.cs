using GrpcServing.Simulator;

if (args.Length > 0 && args[0] == "x") { Experiment.Run(args); return; }
