using GrpcServing.LoadGenerator;

return await LoadProgram.RunAsync(args).ConfigureAwait(false);
