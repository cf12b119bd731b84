using GrpcServing.Hosting;

return await ServerProgram.RunAsync(args).ConfigureAwait(false);
